package dev.blindspot.engine.cuda;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.cuda.library.CudaAddress;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * A context's host memory for calls: the block of a kernel's arguments as cuLaunchKernel reads it,
 * scalars as the libraries read them, and pointers whose addresses are set anew. Nothing here
 * allocates but the constructor.
 */
final class CudaScratch implements AutoCloseable {
  static final int ARGUMENT_BYTES = 4096;

  /** Re-addressable pointers. */
  private static final int SLOTS = 12;

  private static final int SCALARS = 2;

  private final BytePointer arguments = new BytePointer(ARGUMENT_BYTES);
  private final ByteBuffer block = Memory.view(arguments.address(), ARGUMENT_BYTES);
  private final LongPointer argumentBytes = new LongPointer(1);
  private final PointerPointer<Pointer> extra = new PointerPointer<>(5);
  private final CudaAddress[] pointers = new CudaAddress[SLOTS];
  private final BytePointer scalarMemory = new BytePointer(8 * SCALARS);
  private final ByteBuffer scalars = Memory.view(scalarMemory.address(), 8 * SCALARS);
  private final CudaAddress[] scalarPointers = new CudaAddress[SCALARS];

  CudaScratch() {
    Arrays.setAll(pointers, i -> new CudaAddress());
    Arrays.setAll(scalarPointers, i -> new CudaAddress(scalarMemory.address() + 8L * i));
    extra.put(0, new CudaAddress(cudart.CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT));
    extra.put(1, new CudaAddress(arguments.address()));
    extra.put(2, new CudaAddress(cudart.CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT));
    extra.put(3, new CudaAddress(argumentBytes.address()));
    extra.put(4, (Pointer) null); // the end
  }

  /** The arguments' memory. */
  ByteBuffer block() {
    return block;
  }

  /** What cuLaunchKernel takes for arguments of so many bytes of the block. */
  PointerPointer<Pointer> launchArguments(int bytes) {
    argumentBytes.put(bytes);
    return extra;
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
    arguments.close();
    argumentBytes.close();
    extra.close();
    scalarMemory.close();
  }
}
