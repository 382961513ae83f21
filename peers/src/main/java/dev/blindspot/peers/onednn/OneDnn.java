package dev.blindspot.peers.onednn;

import dev.blindspot.bench.peer.RandomData;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;

/** The processor's engine with its one stream, and memory from and to Java arrays. */
final class OneDnn {
  private final engine processor = new engine(engine.kind.cpu, 0);
  private final stream stream = new stream(processor);

  engine engine() {
    return processor;
  }

  stream stream() {
    return stream;
  }

  /** A description of float32 tensors. */
  static memory.desc desc(memory.format_tag tag, long... dims) {
    return new memory.desc(dims, memory.data_type.f32, tag);
  }

  /** Room for a result. */
  memory empty(memory.desc desc) {
    return new memory(desc, processor);
  }

  /** Random values of a stream, plain, reordered into a description. */
  memory random(int number, memory.desc plain, memory.desc wanted, long size) {
    memory from = empty(plain);
    new FloatPointer(from.get_data_handle()).put(RandomData.uniform(number, (int) size));
    memory to = empty(wanted);
    reorder(from, to);
    from.close();
    return to;
  }

  /** The values in a plain description. */
  float[] values(memory m, memory.desc plain, long size) {
    float[] values = new float[(int) size];
    try (memory to = empty(plain)) {
      reorder(m, to);
      new FloatPointer(to.get_data_handle()).get(values);
    }
    return values;
  }

  private void reorder(memory from, memory to) {
    try (reorder r = new reorder(from, to)) {
      r.execute(stream, from, to);
      stream._wait();
    }
  }
}
