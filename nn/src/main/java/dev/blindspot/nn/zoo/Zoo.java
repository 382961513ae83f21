package dev.blindspot.nn.zoo;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.NearestName;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.training.Recipe;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/** The networks known by name. All end in logits. */
public final class Zoo {
  /** Sigmoid units want wider weights (Glorot and Bengio 2010). */
  private static final Initializer SIGMOID = Initializer.glorot(4);

  /**
   * A network for given data with the recipe that trains it.
   *
   * @param network for the sample shape and number of classes asked for
   */
  public record Entry(Network network, Recipe recipe) {}

  private record Kind(BiFunction<Shape, Integer, Network> build, Recipe recipe) {}

  private static final Map<String, Kind> KINDS = kinds();

  private Zoo() {}

  private static Map<String, Kind> kinds() {
    Map<String, Kind> k = new LinkedHashMap<>();
    Recipe softmax = Recipe.lbfgs(200, 1e-4);
    // On MNIST 1.4 % test error. More decay would make the networks smoother than the paper's.
    Recipe sigmoid = Recipe.adam(40, 100, 3e-3, 1e-6).shift(1);
    k.put("fc10", new Kind((s, c) -> dense("fc10", s, c, false), softmax));
    k.put(
        "fc100-100-10", new Kind((s, c) -> dense("fc100-100-10", s, c, false, 100, 100), sigmoid));
    k.put(
        "fc200-200-10", new Kind((s, c) -> dense("fc200-200-10", s, c, false, 200, 200), sigmoid));
    k.put(
        "fc123-456-10", new Kind((s, c) -> dense("fc123-456-10", s, c, false, 123, 456), sigmoid));
    k.put(
        "mlp100-100-10",
        new Kind(
            (s, c) -> dense("mlp100-100-10", s, c, true, 100, 100),
            Recipe.adam(25, 100, 2e-3, 1e-4)));
    k.put("lenet", new Kind(Zoo::lenet, Recipe.adam(3, 100, 1e-3, 1e-5)));
    k.put("resnet20", new Kind(Zoo::resnet20, Recipe.sgd(20, 128, 0.1, 1e-4)));
    k.put("alexnet", new Kind(Zoo::alexnet, Recipe.sgd(90, 128, 0.01, 5e-4)));
    return k;
  }

  /** All names. */
  public static Set<String> names() {
    return KINDS.keySet();
  }

  /**
   * The network {@code name} for samples [c,h,w] of so many classes.
   *
   * @throws InvalidInputException if there is none of this name (with the nearest one), or the
   *     samples do not fit it
   */
  public static Entry get(String name, Shape sample, int classes) {
    Kind kind = KINDS.get(name);
    if (kind == null) {
      throw new InvalidInputException(
          "no network '" + name + "'" + NearestName.suggestion(name, names()));
    }
    return new Entry(kind.build().apply(sample, classes), kind.recipe());
  }

  /** Dense layers with sigmoid or ReLU between them; none is a softmax regression. */
  private static Network dense(String name, Shape sample, int classes, boolean relu, int... units) {
    Network.Builder b = Network.builder(name, sample);
    Initializer w = relu ? Initializer.he() : SIGMOID;
    for (int i = 0; i < units.length; i++) {
      b.add("fc" + (i + 1), new Linear(units[i], true, w));
      b.add(
          (relu ? "relu" : "sigmoid") + (i + 1),
          relu ? ActivationLayer.relu() : ActivationLayer.sigmoid());
    }
    return b.add("fc" + (units.length + 1), Linear.of(classes)).build();
  }

  /** After LeCun et al. 1998, with the sizes of today's MNIST examples. */
  private static Network lenet(Shape sample, int classes) {
    return Network.builder("lenet", sample)
        .add("conv1", Conv2d.of(32, 5, 1, 2))
        .add("relu1", ActivationLayer.relu())
        .add("pool1", Pool2d.max(2, 2))
        .add("conv2", Conv2d.of(64, 5, 1, 2))
        .add("relu2", ActivationLayer.relu())
        .add("pool2", Pool2d.max(2, 2))
        .add("flatten", new Flatten())
        .add("fc1", new Linear(1024, true, Initializer.he()))
        .add("relu3", ActivationLayer.relu())
        .add("fc2", Linear.of(classes))
        .build();
  }

  /** He et al. 2016, section 4.2, n = 3, shortcuts of option A. */
  private static Network resnet20(Shape sample, int classes) {
    Network.Builder b = Network.builder("resnet20", sample);
    b.add("conv", Conv2d.of(16, 3, 1, 1).withoutBias());
    b.add("norm", BatchNorm.standard());
    b.add("relu", ActivationLayer.relu());
    int channels = 16;
    for (int stage = 1; stage <= 3; stage++) {
      for (int block = 1; block <= 3; block++) {
        int stride = stage > 1 && block == 1 ? 2 : 1;
        int width = 8 << stage;
        residual(b, "s" + stage + "b" + block, width, stride, stride > 1 || width != channels);
        channels = width;
      }
    }
    int size = (int) ((sample.dim(1) + 3) / 4);
    return b.add("pool", Pool2d.average(size, size))
        .add("flatten", new Flatten())
        .add("fc", Linear.of(classes))
        .build();
  }

  private static void residual(
      Network.Builder b, String name, int width, int stride, boolean changes) {
    String in = b.last();
    b.add(name + "-conv1", Conv2d.of(width, 3, stride, 1).withoutBias());
    b.add(name + "-norm1", BatchNorm.standard());
    b.add(name + "-relu1", ActivationLayer.relu());
    b.add(name + "-conv2", Conv2d.of(width, 3, 1, 1).withoutBias());
    b.add(name + "-norm2", BatchNorm.standard());
    String branch = b.last();
    String shortcut = in;
    if (changes) {
      shortcut = name + "-shortcut";
      b.add(shortcut, new IdentityShortcut(stride, width), in);
    }
    b.add(name + "-add", new Add(), branch, shortcut);
    b.add(name + "-relu2", ActivationLayer.relu());
  }

  /** Krizhevsky et al. 2012 without groups: the sizes of the paper's Table 5; 227 x 227 images. */
  private static Network alexnet(Shape sample, int classes) {
    LocalResponseNorm norm = new LocalResponseNorm(5, 1e-4, 0.75, 2);
    return Network.builder("alexnet", sample)
        .add("conv1", Conv2d.of(96, 11, 4, 0))
        .add("relu1", ActivationLayer.relu())
        .add("norm1", norm)
        .add("pool1", Pool2d.max(3, 2))
        .add("conv2", Conv2d.of(256, 5, 1, 2))
        .add("relu2", ActivationLayer.relu())
        .add("norm2", norm)
        .add("pool2", Pool2d.max(3, 2))
        .add("conv3", Conv2d.of(384, 3, 1, 1))
        .add("relu3", ActivationLayer.relu())
        .add("conv4", Conv2d.of(384, 3, 1, 1))
        .add("relu4", ActivationLayer.relu())
        .add("conv5", Conv2d.of(256, 3, 1, 1))
        .add("relu5", ActivationLayer.relu())
        .add("pool5", Pool2d.max(3, 2))
        .add("flatten", new Flatten())
        .add("fc6", new Linear(4096, true, Initializer.he()))
        .add("relu6", ActivationLayer.relu())
        .add("fc7", new Linear(4096, true, Initializer.he()))
        .add("relu7", ActivationLayer.relu())
        .add("fc8", Linear.of(classes))
        .build();
  }
}
