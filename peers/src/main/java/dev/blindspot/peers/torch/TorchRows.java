package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.engine.UnsupportedException;
import java.util.List;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Dense layers, activations, softmax. */
final class TorchRows {
  private TorchRows() {}

  /** linear forward; backward what autograd would call, mm, into a kept tensor. */
  static PeerVariant matmul(PeerProblem p) {
    int m = p.get("m");
    int k = p.get("k");
    int n = p.get("n");
    switch (p.pass()) {
      case "FWD_D":
        Tensor x = Tensors.random(0, m, k);
        Tensor w = Tensors.random(1, n, k);
        return TorchVariant.of("linear", List.of(x, w), () -> torch.linear(x, w));
      case "BWD_D":
        Tensor weights = Tensors.random(0, n, k);
        Tensor dy = Tensors.random(1, m, n);
        return TorchVariant.of("mm", List.of(weights, dy), () -> torch.mm(dy, weights));
      default:
        Tensor input = Tensors.random(0, m, k);
        Tensor gradient = Tensors.random(1, m, n);
        Tensor transposed = gradient.t();
        return TorchVariant.of(
            "mm", List.of(input, gradient, transposed), () -> torch.mm(transposed, input));
    }
  }

  static PeerVariant rows(PeerProblem p) {
    Tensor x = Tensors.random(0, p.get("n"), p.get("length"));
    boolean forward = p.pass().startsWith("FWD");
    if (p.driver().equals("softmax")) {
      return forward
          ? TorchVariant.of("softmax", List.of(x), () -> torch.softmax(x, 1))
          : softmaxBackward(x, Tensors.random(1, p.get("n"), p.get("length")));
    }
    if (forward) {
      return TorchVariant.of(p.driver(), List.of(x), () -> activation(p.driver(), x));
    }
    Tensor y = activation(p.driver(), x);
    Tensor dy = Tensors.random(1, p.get("n"), p.get("length"));
    Scalar zero = new Scalar(0);
    List<Tensor> owned = List.of(x, y, dy);
    return switch (p.driver()) {
      case "relu" ->
          TorchVariant.of("threshold_backward", owned, () -> torch.threshold_backward(dy, y, zero));
      case "sigmoid" ->
          TorchVariant.of("sigmoid_backward", owned, () -> torch.sigmoid_backward(dy, y));
      default -> TorchVariant.of("tanh_backward", owned, () -> torch.tanh_backward(dy, y));
    };
  }

  private static Tensor activation(String name, Tensor x) {
    return switch (name) {
      case "relu" -> torch.relu(x);
      case "sigmoid" -> torch.sigmoid(x);
      case "tanh" -> torch.tanh(x);
      default -> throw new UnsupportedException("the peer torch has no " + name);
    };
  }

  /** The bindings have it only through autograd, whose engine it pays for. */
  private static PeerVariant softmaxBackward(Tensor x, Tensor dy) {
    AutoGradMode on = new AutoGradMode(true);
    x.set_requires_grad(true);
    Tensor y = torch.softmax(x, 1);
    on.close();
    TensorVector ys = new TensorVector(y);
    TensorVector xs = new TensorVector(x);
    TensorVector dys = new TensorVector(dy);
    BoolOptional retain = new BoolOptional(true);
    return new TorchVariant<>(
        "autograd of softmax",
        List.of(x, y, dy, ys, xs, dys, retain),
        () -> torch.grad(ys, xs, dys, retain, false, false),
        all -> all.get(0));
  }
}
