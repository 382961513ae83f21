package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.spi.BlockArena;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;

/** One block of native memory. */
final class CpuArena extends BlockArena {

  CpuArena(CpuBackend backend, long bytes) {
    super(backend, bytes);
  }

  @Override
  protected long allocate(Backend backend, long bytes) {
    return ((CpuBackend) backend).allocate(bytes, "an arena");
  }

  @Override
  protected void free(long address, long bytes) {
    ((CpuBackend) backend()).free(address, bytes);
  }

  @Override
  public void read(long offset, ByteBuffer dst) {
    dst.put(Memory.view(address() + offset, dst.remaining()));
  }

  @Override
  public void write(long offset, ByteBuffer src) {
    Memory.view(address() + offset, src.remaining()).put(src);
  }
}
