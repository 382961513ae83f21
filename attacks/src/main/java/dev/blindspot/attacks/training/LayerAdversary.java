package dev.blindspot.attacks.training;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Makes adversarial examples for the output of one layer: runs the layers below on samples of a
 * data set and attacks the part above from there by {@link LbfgsAttack}, inside [0,1]. Inference
 * behaviour, F32. Holds nothing on the backend between two calls. For one thread.
 */
public final class LayerAdversary {
  /**
   * Samples tried for each example wanted: some are wrong as they are, on some the search fails.
   */
  private static final int ROUNDS = 4;

  private static final int MEMORY = 8;
  private static final int BATCH = 1000;
  private static final int NEAREST_CANDIDATES = 9;

  private final Parameters parameters;
  private final Backend backend;
  private final String layer;
  private final Network below;
  private final Network above;
  private final boolean targeted;
  private final LbfgsAttack attack;

  /**
   * Adversarial examples of one layer's output.
   *
   * @param layer whose output was changed
   * @param examples [n,...] inside [0,1]; on each the part above errs
   * @param labels true labels [n]
   * @param samples positions in the data set [n]
   * @param tried samples attacked for them
   * @param meanRms mean distortion, NaN if there is no example
   * @param mostGradients that one example took
   */
  public record Found(
      String layer,
      float[] examples,
      int[] labels,
      int[] samples,
      int tried,
      double meanRms,
      long mostGradients) {}

  /**
   * Prepares attacks on the part above a layer.
   *
   * @param parameters of the whole network, F32 on the backend
   * @param layer a layer's name, or {@link Network#INPUT}
   * @param gradients for one example at most, 12 or more
   * @param targeted aim at random wrong labels, not at the nearest one
   * @throws dev.blindspot.engine.InvalidInputException if the layer can have no pool
   */
  public LayerAdversary(
      Network network,
      Parameters parameters,
      Backend backend,
      String layer,
      int gradients,
      boolean targeted) {
    this.parameters = parameters;
    this.backend = backend;
    this.layer = layer;
    this.targeted = targeted;
    above = PoolLayers.above(network, layer);
    below = PoolLayers.below(network, layer);
    attack = attack(gradients, targeted, Math.toIntExact(above.outputShape().size()));
  }

  /**
   * An attack that needs no more gradients than these: before its searches it takes one for the
   * label aimed at, or one for each class that may be the nearest.
   */
  private static LbfgsAttack attack(int gradients, boolean targeted, int classes) {
    int first = targeted ? 1 : Math.min(NEAREST_CANDIDATES, classes - 1);
    int left = gradients - first;
    int searches = left >= 24 ? 3 : left >= 12 ? 2 : 1;
    return new LbfgsAttack(MEMORY, searches, left / searches);
  }

  /** The attack and its settings. */
  public LbfgsAttack attack() {
    return attack;
  }

  /**
   * Attacks samples in the order of a seeded shuffle until there are so many examples, or four
   * times as many samples were tried. Successes only.
   *
   * @param count of examples wanted
   * @param seed of the order and the labels aimed at
   */
  public Found generate(DataSet data, int count, long seed) {
    int[] order = data.shuffled(seed);
    int width = Math.toIntExact(above.inputShape().size());
    Collector found = new Collector(width, count);
    int tried = 0;
    for (int round = 0; round < ROUNDS && found.n < count && tried < order.length; round++) {
      int to = (int) Math.min(order.length, (long) tried + count - found.n);
      int[] samples = Arrays.copyOfRange(order, tried, to);
      tried = to;
      int[] labels = new int[samples.length];
      data.readLabels(samples, 0, samples.length, labels, 0);
      AttackProblem problem =
          AttackProblem.of(above, parameters, backend, outputs(data, samples), labels)
              .samples(samples)
              .seed(seed);
      if (targeted) {
        problem = problem.targets(randomTargets(samples, labels, seed));
      }
      found.add(attack.run(problem), samples);
    }
    return found.result(layer, tried);
  }

  private int[] randomTargets(int[] samples, int[] labels, long seed) {
    int classes = Math.toIntExact(above.outputShape().size());
    int[] targets = new int[labels.length];
    for (int i = 0; i < targets.length; i++) {
      int t = new SplittableRandom(Seeds.mix(seed, samples[i])).nextInt(classes - 1);
      targets[i] = t < labels[i] ? t : t + 1;
    }
    return targets;
  }

  /** The layer's outputs for these samples, or the samples themselves. */
  private float[] outputs(DataSet data, int[] samples) {
    int n = samples.length;
    if (below == null) {
      float[] images = new float[n * data.sampleSize()];
      data.read(samples, 0, n, images, 0);
      return images;
    }
    int batch = Math.min(BATCH, n);
    int width = Math.toIntExact(below.outputShape().size());
    float[] y = new float[n * width];
    try (Context ctx = backend.newContext();
        TensorArena arena =
            backend.arena(TensorArena.bytes(ElementType.F32, batch * below.inputShape().size()));
        NetworkPlan plan =
            below.plan(backend, parameters, batch, NetworkOptions.of(Gradients.NONE))) {
      Tensor x = arena.tensor(ElementType.F32, below.inputShape().batched(batch), Layout.NCHW);
      for (int from = 0; from < n; from += batch) {
        int to = Math.min(n, from + batch);
        Tensor part = to - from == batch ? x : x.slice(0, to - from);
        data.copyTo(samples, from, to, part);
        Tensor out = plan.forward(ctx, part);
        ctx.synchronize();
        System.arraycopy(out.toFloats(), 0, y, from * width, (to - from) * width);
      }
    }
    return y;
  }

  /** Successes of several attacks. */
  private static final class Collector {
    private final int width;
    private final float[] examples;
    private final int[] labels;
    private final int[] samples;
    private int n;
    private double rms;
    private long most;

    Collector(int width, int capacity) {
      this.width = width;
      examples = new float[Math.multiplyExact(width, capacity)];
      labels = new int[capacity];
      samples = new int[capacity];
    }

    void add(AttackResult r, int[] attacked) {
      for (int i = 0; i < attacked.length; i++) {
        AttackResult.Sample s = r.samples().get(i);
        if (s.success()) {
          System.arraycopy(r.adversarials(), i * width, examples, n * width, width);
          labels[n] = s.label();
          samples[n++] = attacked[i];
          rms += s.distortion().rms();
          most = Math.max(most, s.evaluations());
        }
      }
    }

    Found result(String layer, int tried) {
      return new Found(
          layer,
          Arrays.copyOf(examples, n * width),
          Arrays.copyOf(labels, n),
          Arrays.copyOf(samples, n),
          tried,
          rms / n,
          most);
    }
  }
}
