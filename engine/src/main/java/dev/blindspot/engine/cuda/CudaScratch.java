package dev.blindspot.engine.cuda;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.cuda.library.CudaAddress;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A context's host memory for calls: scalars as the libraries read them, and pointers whose
 * addresses are set anew. Nothing here allocates but the constructor.
 */
final class CudaScratch implements AutoCloseable {
  /** Re-addressable pointers. */
  private static final int SLOTS = 12;

  private static final int SCALARS = 2;

  private final CudaAddress[] pointers = new CudaAddress[SLOTS];
  private final BytePointer scalarMemory = new BytePointer(8 * SCALARS);
  private final ByteBuffer scalars = Memory.view(scalarMemory.address(), 8 * SCALARS);
  private final CudaAddress[] scalarPointers = new CudaAddress[SCALARS];

  CudaScratch() {
    Arrays.setAll(pointers, i -> new CudaAddress());
    Arrays.setAll(scalarPointers, i -> new CudaAddress(scalarMemory.address() + 8L * i));
  }

  /** Pointer number {@code slot}, set to this address. */
  Pointer pointer(int slot, long address) {
    return pointers[slot].set(address);
  }

  /** Scalar number {@code slot}, a double for F64, else a float. */
  Pointer scalar(int slot, ElementType type, double value) {
    if (type == ElementType.F64) {
      scalars.putDouble(8 * slot, value);
    } else {
      scalars.putFloat(8 * slot, (float) value);
    }
    return scalarPointers[slot];
  }

  @Override
  public void close() {
    scalarMemory.close();
  }
}
