package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.PeerNetwork;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.bench.peer.RandomData;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Projected gradient descent in Linf as few calls of libtorch: frozen parameters, the gradient of x
 * alone, sign, step and one clamp to ball and box in place.
 */
final class TorchAttack implements PeerVariant {
  private final String name;
  private final PeerNetwork settings;
  private final TorchNetwork network;
  private final Tensor clean;
  private final Tensor x;
  private final Tensor labels;
  private final TensorOptional low;
  private final TensorOptional high;
  private final Scalar step;
  private final int n;

  private TorchAttack(PeerProblem p, MemoryFormat format, String name) {
    this.name = name;
    settings = p.network();
    n = p.get("n");
    network = new TorchNetwork(settings, format);
    long[] shape = {n, p.get("c"), p.get("h"), p.get("w")};
    clean =
        Tensors.in(
            format, Tensors.of(RandomData.images(n * p.get("c") * p.get("h") * p.get("w")), shape));
    x = torch.clone(clean);
    x.requires_grad_(true);
    labels = labels(settings.labels());
    Tensor eps = torch.full_like(clean, new Scalar(settings.eps()));
    Tensor zero = torch.zeros_like(clean);
    Tensor one = torch.ones_like(clean);
    low = new TensorOptional(torch.maximum(torch.sub(clean, eps), zero));
    high = new TensorOptional(torch.minimum(torch.add(clean, eps), one));
    step = new Scalar(settings.step());
    eps.close();
    zero.close();
    one.close();
  }

  static List<PeerVariant> variants(PeerProblem p) {
    List<PeerVariant> variants = new ArrayList<>();
    variants.add(new TorchAttack(p, MemoryFormat.Contiguous, "nchw autograd"));
    if (p.network().layers().stream().anyMatch(l -> l.kind().equals("conv"))) {
      variants.add(new TorchAttack(p, MemoryFormat.ChannelsLast, "channels-last autograd"));
    }
    return variants;
  }

  private static Tensor labels(List<Integer> labels) {
    try (LongPointer p = new LongPointer(labels.size())) {
      for (int i = 0; i < labels.size(); i++) {
        p.put(i, labels.get(i));
      }
      try (TensorOptions options = new TensorOptions(ScalarType.Long);
          Tensor view = torch.from_blob(p, new long[] {labels.size()}, options)) {
        return torch.clone(view);
      }
    }
  }

  @Override
  public String name() {
    return name;
  }

  /** The gradient of the mean loss at x. */
  private TensorVector gradient() {
    GradMode.set_enabled(true);
    try (TorchNetwork.Outputs outputs = network.forward(x);
        Tensor loss = torch.cross_entropy_loss(outputs.last(), labels);
        TensorVector losses = new TensorVector(loss);
        TensorVector inputs = new TensorVector(x)) {
      return torch.grad(losses, inputs);
    } finally {
      GradMode.set_enabled(false);
    }
  }

  @Override
  public void run() {
    x.copy_(clean);
    for (int k = 0; k < settings.steps(); k++) {
      try (TensorVector all = gradient()) {
        Tensor g = all.get(0);
        g.sign_();
        x.add_(g, step);
        x.clamp_(low, high);
      }
    }
  }

  /** The gradient of the summed loss at the clean samples. */
  @Override
  public float[] result() {
    x.copy_(clean);
    float[] mean;
    try (TensorVector all = gradient()) {
      mean = Tensors.values(all.get(0));
    }
    for (int i = 0; i < mean.length; i++) {
      mean[i] *= n;
    }
    return mean;
  }

  @Override
  public void close() {
    network.close();
    clean.close();
    x.close();
    labels.close();
    low.close();
    high.close();
  }
}
