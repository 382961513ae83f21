package dev.blindspot.peers.nd4j;

import dev.blindspot.bench.peer.PeerDriver;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.bench.peer.RandomData;
import dev.blindspot.engine.UnsupportedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sigmoid;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Tanh;
import org.nd4j.linalg.factory.Nd4j;

/** ND4J on the CPU, with oneDNN in it; outputs are kept. */
final class Nd4jDriver implements PeerDriver {
  private static final int FILTERS_FIRST = 1;

  /**
   * A driver.
   *
   * @param threads of all operations
   */
  Nd4jDriver(int threads) {
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.getEnvironment().setMaxMasterThreads(threads);
  }

  @Override
  public String describe() {
    try {
      return "ND4J " + Loader.getVersion("org.nd4j", "nd4j-api");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<PeerVariant> prepare(PeerProblem p) {
    boolean forward = p.pass().startsWith("FWD");
    return List.of(
        switch (p.driver()) {
          case "conv" -> forward ? conv(p) : convBackward(p);
          case "matmul" -> matmul(p);
          case "pool" -> forward ? maxPool(p) : missing(p);
          case "relu", "sigmoid", "tanh", "softmax" -> forward ? rows(p) : missing(p);
          default -> missing(p);
        });
  }

  private static PeerVariant missing(PeerProblem p) {
    throw new UnsupportedException(
        "the peer nd4j has no driver for " + p.driver() + " " + p.pass());
  }

  private static INDArray random(int stream, long... shape) {
    int size = 1;
    for (long d : shape) {
      size = Math.toIntExact(size * d);
    }
    return Nd4j.createFromArray(RandomData.uniform(stream, size)).reshape(shape);
  }

  private static INDArray zeros(long... shape) {
    return Nd4j.zeros(DataType.FLOAT, shape);
  }

  private static PeerVariant custom(DynamicCustomOp.DynamicCustomOpsBuilder b, INDArray result) {
    CustomOp op = b.build();
    return new Nd4jVariant(op.opName(), () -> Nd4j.exec(op), result);
  }

  private static DynamicCustomOp.DynamicCustomOpsBuilder convolution(String name, PeerProblem p) {
    if (p.get("groups") != 1) {
      throw new UnsupportedException("the peer nd4j has no grouped convolution");
    }
    return DynamicCustomOp.builder(name)
        .addIntegerArguments(
            p.get("r"),
            p.get("s"),
            p.get("stride_h"),
            p.get("stride_w"),
            p.get("pad_top"),
            p.get("pad_left"),
            p.get("dilation_h"),
            p.get("dilation_w"),
            0,
            0,
            FILTERS_FIRST);
  }

  private static INDArray x(PeerProblem p, boolean drawn) {
    long[] shape = {p.get("n"), p.get("c"), p.get("h"), p.get("w")};
    return drawn ? random(0, shape) : zeros(shape);
  }

  private static PeerVariant conv(PeerProblem p) {
    INDArray y = zeros(p.get("n"), p.get("k"), p.get("p"), p.get("q"));
    INDArray x = x(p, true);
    INDArray w = random(1, p.get("k"), p.get("c"), p.get("r"), p.get("s"));
    DynamicCustomOp.DynamicCustomOpsBuilder b = convolution("conv2d", p).addOutputs(y);
    if (p.get("bias") == 1) {
      b.addInputs(x, w, random(2, p.get("k")));
    } else {
      b.addInputs(x, w);
    }
    return custom(b, y);
  }

  /** It forms the gradients of x and w in one operation and has none for one of them. */
  private static PeerVariant convBackward(PeerProblem p) {
    boolean weights = p.pass().equals("BWD_W");
    long[] w = {p.get("k"), p.get("c"), p.get("r"), p.get("s")};
    INDArray dx = x(p, false);
    INDArray dw = zeros(w);
    DynamicCustomOp.DynamicCustomOpsBuilder b =
        convolution("conv2d_bp", p)
            .addInputs(
                x(p, weights),
                weights ? zeros(w) : random(0, w),
                random(1, p.get("n"), p.get("k"), p.get("p"), p.get("q")))
            .addOutputs(dx, dw);
    return custom(b, weights ? dw : dx);
  }

  private static PeerVariant matmul(PeerProblem p) {
    int m = p.get("m");
    int k = p.get("k");
    int n = p.get("n");
    return switch (p.pass()) {
      case "FWD_D" -> product(random(0, m, k), random(1, n, k), zeros(m, n), false, true);
      case "BWD_D" -> {
        INDArray w = random(0, n, k);
        yield product(random(1, m, n), w, zeros(m, k), false, false);
      }
      default -> {
        INDArray x = random(0, m, k);
        yield product(random(1, m, n), x, zeros(n, k), true, false);
      }
    };
  }

  private static PeerVariant product(
      INDArray a, INDArray b, INDArray c, boolean transposeA, boolean transposeB) {
    INDArray left = transposeA ? a.transpose() : a;
    INDArray right = transposeB ? b.transpose() : b;
    return new Nd4jVariant("mmuli", () -> left.mmuli(right, c), c);
  }

  private static PeerVariant maxPool(PeerProblem p) {
    INDArray y = zeros(p.get("n"), p.get("c"), p.get("p"), p.get("q"));
    return custom(
        DynamicCustomOp.builder("maxpool2d")
            .addIntegerArguments(
                p.get("r"), p.get("s"), p.get("stride_h"), p.get("stride_w"), 0, 0, 1, 1, 0, 0, 0)
            .addInputs(x(p, true))
            .addOutputs(y),
        y);
  }

  private static PeerVariant rows(PeerProblem p) {
    INDArray x = random(0, p.get("n"), p.get("length"));
    INDArray y = zeros(p.get("n"), p.get("length"));
    return switch (p.driver()) {
      case "relu" -> new Nd4jVariant("relu", () -> Nd4j.exec(new RectifiedLinear(x, y)), y);
      case "sigmoid" -> new Nd4jVariant("sigmoid", () -> Nd4j.exec(new Sigmoid(x, y)), y);
      case "tanh" -> new Nd4jVariant("tanh", () -> Nd4j.exec(new Tanh(x, y)), y);
      default ->
          custom(
              DynamicCustomOp.builder("softmax").addIntegerArguments(1).addInputs(x).addOutputs(y),
              y);
    };
  }
}
