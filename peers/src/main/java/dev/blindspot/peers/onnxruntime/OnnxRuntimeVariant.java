package dev.blindspot.peers.onnxruntime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.bench.peer.RandomData;
import dev.blindspot.engine.BlindspotException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

/** A session of one model; input and output stay where they are. */
final class OnnxRuntimeVariant implements PeerVariant {
  private final OneNodeModel model;
  private final OrtSession session;
  private final FloatBuffer output;
  private final OnnxTensor x;
  private final OnnxTensor y;

  OnnxRuntimeVariant(OrtEnvironment environment, OneNodeModel model, int threads) {
    this.model = model;
    FloatBuffer input = floats(model.x());
    input.put(RandomData.uniform(0, input.capacity())).rewind();
    output = floats(model.y());
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      session = environment.createSession(model.bytes(), options);
      x = OnnxTensor.createTensor(environment, input, model.x());
      y = OnnxTensor.createTensor(environment, output, model.y());
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  private static FloatBuffer floats(long[] shape) {
    int size = 1;
    for (long d : shape) {
      size = Math.toIntExact(size * d);
    }
    return ByteBuffer.allocateDirect(4 * size).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  private BlindspotException failed(OrtException e) {
    return new BlindspotException(model.operator() + ": " + e.getMessage(), e);
  }

  @Override
  public String name() {
    return "nchw " + model.operator();
  }

  @Override
  public void run() {
    try {
      session.run(Map.of("x", x), Map.of("y", y)).close();
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  @Override
  public float[] result() {
    run();
    float[] values = new float[output.capacity()];
    output.duplicate().rewind().get(values);
    return values;
  }

  @Override
  public void close() {
    x.close();
    y.close();
    try {
      session.close();
    } catch (OrtException e) {
      throw failed(e);
    }
  }
}
