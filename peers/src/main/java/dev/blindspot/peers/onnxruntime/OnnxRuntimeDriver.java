package dev.blindspot.peers.onnxruntime;

import ai.onnxruntime.OrtEnvironment;
import dev.blindspot.bench.peer.PeerDriver;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.engine.UnsupportedException;
import java.util.List;

/** ONNX Runtime on the CPU. */
public final class OnnxRuntimeDriver implements PeerDriver {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment("blindspot");
  private final int threads;

  /**
   * A driver.
   *
   * @param threads of each session
   */
  public OnnxRuntimeDriver(int threads) {
    this.threads = threads;
  }

  @Override
  public String describe() {
    return "ONNX Runtime " + environment.getVersion();
  }

  @Override
  public List<PeerVariant> prepare(PeerProblem p) {
    if (!p.pass().startsWith("FWD")) {
      throw new UnsupportedException("the peer onnxruntime computes no gradients");
    }
    OneNodeModel model =
        switch (p.driver()) {
          case "conv" -> OneNodeModel.conv(p);
          case "matmul" -> OneNodeModel.gemm(p);
          case "pool" -> OneNodeModel.maxPool(p);
          case "relu" -> OneNodeModel.rows("Relu", p);
          case "sigmoid" -> OneNodeModel.rows("Sigmoid", p);
          case "tanh" -> OneNodeModel.rows("Tanh", p);
          case "softmax" -> OneNodeModel.rows("Softmax", p);
          default ->
              throw new UnsupportedException(
                  "the peer onnxruntime has no driver for " + p.driver());
        };
    return List.of(new OnnxRuntimeVariant(environment, model, threads));
  }
}
