package dev.blindspot.peers.onednn;

import dev.blindspot.bench.peer.PeerVariant;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;

/**
 * A primitive with its memory.
 *
 * @param values reads the result
 */
record OneDnnVariant(
    String name,
    primitive primitive,
    stream stream,
    IntMemoryMap arguments,
    List<? extends Pointer> owned,
    Supplier<float[]> values)
    implements PeerVariant {

  /** Arguments: number, memory, number, memory and so on. */
  static IntMemoryMap arguments(Object... pairs) {
    IntMemoryMap map = new IntMemoryMap();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put((Integer) pairs[i], (memory) pairs[i + 1]);
    }
    return map;
  }

  @Override
  public void run() {
    primitive.execute(stream, arguments);
    stream._wait();
  }

  @Override
  public float[] result() {
    run();
    return values.get();
  }

  @Override
  public void close() {
    primitive.close();
    arguments.close();
    owned.forEach(Pointer::close);
  }
}
