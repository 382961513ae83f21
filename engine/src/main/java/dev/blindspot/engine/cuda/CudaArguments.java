package dev.blindspot.engine.cuda;

import dev.blindspot.engine.cuda.library.CudaAddress;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** The block of a kernel's arguments as cuLaunchKernel reads it. Only the constructor allocates. */
final class CudaArguments implements AutoCloseable {
  /** What any launch may be given. */
  static final int BYTES = 4096;

  private final BytePointer memory = new BytePointer(BYTES);
  private final ByteBuffer block = Memory.view(memory.address(), BYTES);
  private final LongPointer size = new LongPointer(1);
  private final PointerPointer<Pointer> extra = new PointerPointer<>(5);

  CudaArguments() {
    extra.put(0, new CudaAddress(cudart.CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT));
    extra.put(1, new CudaAddress(memory.address()));
    extra.put(2, new CudaAddress(cudart.CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT));
    extra.put(3, new CudaAddress(size.address()));
    extra.put(4, (Pointer) null); // the end
  }

  ByteBuffer block() {
    return block;
  }

  /** What cuLaunchKernel takes for arguments of so many bytes of the block. */
  PointerPointer<Pointer> ofBytes(int bytes) {
    size.put(bytes);
    return extra;
  }

  @Override
  public void close() {
    memory.close();
    size.close();
    extra.close();
  }
}
