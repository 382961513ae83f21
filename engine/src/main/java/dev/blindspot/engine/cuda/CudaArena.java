package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.spi.BlockArena;
import java.nio.ByteBuffer;

/** One block of the device's memory. */
final class CudaArena extends BlockArena {

  CudaArena(CudaBackend backend, long bytes) {
    super(backend, bytes);
  }

  @Override
  protected long allocate(Backend backend, long bytes) {
    return ((CudaBackend) backend).memory().allocate(bytes, "an arena");
  }

  @Override
  protected void free(long address, long bytes) {
    CudaBackend b = (CudaBackend) backend();
    b.synchronizeContexts(); // what still runs may use it
    b.memory().free(address, bytes);
  }

  @Override
  public void read(long offset, ByteBuffer dst) {
    ((CudaBackend) backend()).staging().read(address() + offset, dst);
  }

  @Override
  public void write(long offset, ByteBuffer src) {
    ((CudaBackend) backend()).staging().write(address() + offset, src);
  }
}
