package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.reproduce.PaperNetwork.Part;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.training.Recipe;
import dev.blindspot.nn.training.SparseAutoencoder;
import dev.blindspot.nn.zoo.Zoo;
import java.util.List;

/**
 * The networks of the paper's tables 1 to 4 (section 4.2), trained by full-batch L-BFGS on the mean
 * cross-entropy + lambda/2 ||W||_F^2 for each layer, biases free.
 */
public final class PaperNetworks {
  private static final Double[] SIGMOID_DECAY = {1e-5, 1e-5, 1e-6};

  private final Shape sample;
  private final int classes;
  private final Scale scale;

  /** The networks for samples of this shape. */
  public PaperNetworks(Shape sample, int classes, Scale scale) {
    this.sample = sample;
    this.classes = classes;
    this.scale = scale;
  }

  /** The six of tables 1 and 2. */
  public List<PaperNetwork> table1() {
    return List.of(
        softmax("FC10(10^-4)", "1e-4", 1e-4),
        softmax("FC10(10^-2)", "1e-2", 1e-2),
        softmax("FC10(1)", "1", 1),
        sigmoid("FC100-100-10", "fc100-100-10", "fc100-100-10", Part.ALL),
        sigmoid("FC200-200-10", "fc200-200-10", "fc200-200-10", Part.ALL),
        autoencoder());
  }

  /** The three of tables 3 and 4: two trained on the first half, one on the second. */
  public List<PaperNetwork> table3() {
    return List.of(
        sigmoid("FC100-100-10", "p1-fc100-100-10", "fc100-100-10", Part.P1),
        sigmoid("FC123-456-10", "p1-fc123-456-10", "fc123-456-10", Part.P1),
        sigmoid("FC100-100-10'", "p2-fc100-100-10", "fc100-100-10", Part.P2));
  }

  /** The convolutional network of figures 1 and 2, which the paper does not describe. */
  public PaperNetwork convolutional() {
    Zoo.Entry lenet = Zoo.get("lenet", sample, classes);
    return new PaperNetwork(
        "LeNet", "lenet", "convolutional", lenet.network(), lenet.recipe(), null, Part.ALL);
  }

  private PaperNetwork softmax(String name, String written, double lambda) {
    return new PaperNetwork(
        name,
        "fc10-" + written,
        "softmax, \u03bb = " + written,
        Zoo.get("fc10", sample, classes).network(),
        Recipe.lbfgs(scale.iterations(), lambda),
        null,
        Part.ALL);
  }

  private PaperNetwork sigmoid(String name, String file, String zoo, Part part) {
    return new PaperNetwork(
        name,
        file,
        "sigmoid, \u03bb = 1e-5, 1e-5, 1e-6",
        Zoo.get(zoo, sample, classes).network(),
        Recipe.lbfgs(scale.iterations(), SIGMOID_DECAY),
        null,
        part);
  }

  /** One sparse sigmoid layer learned without labels and not fine-tuned, a softmax on top. */
  private PaperNetwork autoencoder() {
    Network network =
        Network.builder("ae400-10", sample)
            .add("fc1", new Linear(400, true, Initializer.glorot(1)))
            .add("sigmoid1", ActivationLayer.sigmoid())
            .add("fc2", Linear.of(classes))
            .build();
    return new PaperNetwork(
        "AE400-10",
        "ae400-10",
        "sparse autoencoder + softmax, \u03bb = 1e-6",
        network,
        Recipe.lbfgs(scale.iterations(), 1e-6),
        new SparseAutoencoder(0.1, 1, 3e-3, scale.autoencoderIterations(), 2000),
        Part.ALL);
  }
}
