package dev.blindspot.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Of a tensor on a backend whose executions are complete when they return. */
final class HostReadback implements Readback {
  private final Tensor tensor;
  private final ByteBuffer copy;
  private boolean requested;

  HostReadback(Tensor tensor) {
    this.tensor = tensor;
    long bytes = tensor.size() * tensor.type().bytes();
    copy = ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
  }

  @Override
  public void request() {
    tensor.copyTo(copy.clear());
    requested = true;
  }

  @Override
  public ByteBuffer get() {
    if (!requested) {
      throw new IllegalStateException("Nothing was requested yet; call request() first");
    }
    return copy.clear();
  }

  @Override
  public void close() {
    requested = false;
  }
}
