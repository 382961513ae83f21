package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.LossPlan;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Trains a classifier that ends in logits, F32, by mini-batches or the full batch. Belongs to one
 * thread.
 */
public final class Trainer {
  /** Nanoseconds between two checkpoints within an epoch: what a kill costs. */
  private static final long SAVE_EVERY = 5_000_000_000L;

  private final Network network;
  private final Parameters parameters;
  private final Backend backend;
  private final Recipe recipe;
  private final long seed;
  private final TrainingListener listener;
  private final Path checkpoint;
  private final ObjectiveTerm term;
  private long saveEvery = SAVE_EVERY;
  private long saved;

  /**
   * @param parameters F32 on the backend; changed in place
   * @param seed order of samples and dropout
   * @param checkpoint file to resume from and to write after each epoch, with L-BFGS every few
   *     iterations; null for none
   */
  public Trainer(
      Network network,
      Parameters parameters,
      Backend backend,
      Recipe recipe,
      long seed,
      TrainingListener listener,
      Path checkpoint) {
    this(network, parameters, backend, recipe, seed, listener, checkpoint, ObjectiveTerm.none());
  }

  /**
   * @param parameters F32 on the backend; changed in place
   * @param seed order of samples and dropout
   * @param checkpoint file to resume from and to write now and then: every few seconds, with a
   *     further term after each epoch, with L-BFGS every few iterations; null for none
   * @param term of the objective, beside cross-entropy and decay; none with L-BFGS
   */
  public Trainer(
      Network network,
      Parameters parameters,
      Backend backend,
      Recipe recipe,
      long seed,
      TrainingListener listener,
      Path checkpoint,
      ObjectiveTerm term) {
    this.network = network;
    this.parameters = parameters;
    this.backend = backend;
    this.recipe = recipe;
    this.seed = seed;
    this.listener = listener;
    this.checkpoint = checkpoint;
    this.term = term;
  }

  /**
   * Trains on all samples; resumes where the checkpoint ends. A resumed training ends in the same
   * bits as one that was never interrupted.
   *
   * @throws InvalidInputException if the data does not fit the network
   * @throws DamagedCheckpointException if the checkpoint is not this training's; nothing is changed
   * @throws BlindspotException if the loss is no longer finite
   */
  public void run(DataSet data) {
    check(data);
    if (recipe.method() == Recipe.Method.LBFGS) {
      if (term != ObjectiveTerm.none()) {
        throw new UnsupportedException(
            "Training of "
                + network.name()
                + ": full-batch L-BFGS takes no further term of the objective; use SGD or Adam");
      }
      LbfgsRun run = new LbfgsRun(identity(data), recipe.epochs(), listener, checkpoint);
      try (DataSlices slices = DataSlices.of(backend, data, network.inputShape(), recipe.batch())) {
        new FullBatchLbfgs(network, parameters, backend, recipe, run).run(slices);
      }
      return;
    }
    int n = Math.min(recipe.batch(), data.size());
    long bytes =
        TensorArena.bytes(ElementType.F32, n * network.inputShape().size())
            + 2 * TensorArena.bytes(ElementType.I32, n)
            + TensorArena.bytes(ElementType.F32, n * network.outputShape().size());
    NetworkOptions options =
        NetworkOptions.of(NetworkOptions.Gradients.PARAMETERS).training(true).seed(seed);
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(bytes);
        NetworkPlan plan = network.plan(backend, parameters, n, options);
        Optimizer optimizer = new GradientOptimizer(backend, parameters, plan, recipe)) {
      String identity = identity(data);
      int epoch = resume(optimizer, identity);
      Buffers buffers = new Buffers(arena, data, n);
      saved = System.nanoTime();
      try (TrainingStep step = new TrainingStep(ctx, plan, optimizer, term, buffers.batch());
          LossReader losses = new LossReader(ctx, buffers.loss, network.name(), recipe)) {
        for (; epoch < recipe.epochs(); epoch++) {
          int now = epoch;
          Runnable afterStep = () -> saveIfDue(optimizer, identity, now);
          epoch(ctx, step, losses, optimizer, data, epoch, buffers, afterStep);
          save(optimizer, identity, epoch + 1);
        }
      }
    }
  }

  /** With other nanoseconds between two checkpoints within an epoch. */
  Trainer savingEvery(long nanos) {
    saveEvery = nanos;
    return this;
  }

  /** A further term keeps its state at the end of an epoch only. */
  private void saveIfDue(Optimizer optimizer, String identity, int epoch) {
    if (checkpoint != null
        && term == ObjectiveTerm.none()
        && System.nanoTime() - saved >= saveEvery) {
      save(optimizer, identity, epoch);
    }
  }

  /**
   * Trains the layers from {@code node} on by full-batch L-BFGS; those in front of it stay as they
   * are, and what they make of each sample is computed once.
   *
   * @param node position of the first layer to train, at least 1; only it may be read from the
   *     layers in front
   * @throws InvalidInputException if the recipe is not one of L-BFGS, or what {@link #run} says
   */
  public void runTop(DataSet data, int node) {
    check(data);
    if (recipe.method() != Recipe.Method.LBFGS) {
      throw new InvalidInputException(
          "Training of the top of "
              + network.name()
              + ": the recipe must be L-BFGS, not "
              + recipe);
    }
    Network front = network.slice(0, node);
    Network top = network.slice(node, network.nodes().size());
    String identity = identity(data) + " from layer " + node;
    LbfgsRun run = new LbfgsRun(identity, recipe.epochs(), listener, checkpoint);
    try (DataSlices slices = DataSlices.behind(front, parameters, backend, data, recipe.batch())) {
      new FullBatchLbfgs(top, parameters, backend, recipe, run).run(slices);
    }
  }

  private void check(DataSet data) {
    if (data.sampleSize() != network.inputShape().size()
        || data.classes() > network.outputShape().size()) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + " takes "
              + network.inputShape()
              + " and has "
              + network.outputShape().size()
              + " outputs; the data set "
              + data.name()
              + " has samples "
              + data.sampleShape()
              + " of "
              + data.classes()
              + " classes");
    }
  }

  private String identity(DataSet data) {
    return network.name()
        + " "
        + network.parameterCount()
        + " "
        + data.checksum()
        + " "
        + recipe
        + " "
        + seed
        + (term == ObjectiveTerm.none() ? "" : " " + term.identity());
  }

  /** Tensors of one batch. */
  private final class Buffers {
    final Tensor x;
    final Tensor labels;
    final Tensor loss;
    final Tensor dz;
    final int n;
    final LossPlan plan;
    final float[] images;
    final RandomShift shift;

    Buffers(TensorArena arena, DataSet data, int n) {
      this.n = n;
      images = new float[n * data.sampleSize()];
      shift = new RandomShift(data.sampleShape(), recipe.shift(), seed);
      int classes = Math.toIntExact(network.outputShape().size());
      x = arena.tensor(ElementType.F32, network.inputShape().batched(n), Layout.NCHW);
      labels = arena.tensor(ElementType.I32, n);
      loss = arena.tensor(ElementType.F32, n);
      dz = arena.tensor(ElementType.F32, network.outputShape().batched(n), Layout.NCHW);
      plan =
          backend.plan(LossDesc.crossEntropy(ElementType.F32, n, classes), PlanOptions.forward());
    }

    TrainingStep.Batch batch() {
      return new TrainingStep.Batch(x, labels, plan, loss, dz);
    }
  }

  /**
   * Whole batches only: the samples left over come first in no epoch, but are drawn anew. Begins
   * behind the steps that the optimiser has done.
   */
  private void epoch(
      Context ctx,
      TrainingStep training,
      LossReader losses,
      Optimizer optimizer,
      DataSet data,
      int epoch,
      Buffers b,
      Runnable afterStep) {
    int[] order = DataSet.shuffled(data.size(), seed * 1_000_003 + epoch);
    int[] labels = new int[b.n];
    int perEpoch = data.size() / b.n;
    long steps = (long) perEpoch * recipe.epochs();
    ctx.synchronize();
    term.beginEpoch(epoch);
    for (int i = begin(optimizer, epoch, perEpoch); i < perEpoch; i++) {
      int from = i * b.n;
      data.read(order, from, from + b.n, b.images, 0);
      for (int k = 0; k < b.n; k++) {
        b.shift.apply(b.images, k * data.sampleSize(), epoch, order[from + k]);
      }
      ctx.upload(b.images, b.x);
      data.readLabels(order, from, from + b.n, labels, 0);
      ctx.upload(labels, b.labels);
      long step = optimizer.steps();
      double progress = (double) step / steps;
      training.run(recipe.learningRate() * 0.5 * (1 + Math.cos(Math.PI * progress)));
      afterStep.run();
      listener.step(step + 1, steps, losses.after(step));
    }
  }

  private int begin(Optimizer optimizer, int epoch, int perEpoch) {
    long done = optimizer.steps() - (long) epoch * perEpoch;
    if (done < 0 || done > perEpoch) {
      throw misfit(optimizer.steps() + " steps done are not within epoch " + epoch);
    }
    return (int) done;
  }

  private int resume(Optimizer optimizer, String identity) {
    if (checkpoint == null || !Files.exists(checkpoint)) {
      return 0;
    }
    Checkpoint c = Checkpoint.read(checkpoint, identity);
    List<Tensor> tensors = tensors(optimizer);
    boolean fits = c.values().size() >= tensors.size();
    for (int i = 0; fits && i < tensors.size(); i++) {
      fits = c.values().get(i).length == tensors.get(i).size();
    }
    if (!fits) {
      throw misfit("its tensors are not those of " + network.name() + " and its optimiser");
    }
    try {
      term.restore(c.values().subList(tensors.size(), c.values().size()));
    } catch (InvalidInputException e) {
      throw misfit(e.getMessage());
    }
    for (int i = 0; i < tensors.size(); i++) {
      float[] f = new float[c.values().get(i).length];
      for (int j = 0; j < f.length; j++) {
        f[j] = (float) c.values().get(i)[j];
      }
      tensors.get(i).copyFrom(f);
    }
    optimizer.steps(c.steps());
    return c.epoch();
  }

  private DamagedCheckpointException misfit(String why) {
    return new DamagedCheckpointException(
        "checkpoint " + checkpoint + ": " + why + ". Delete it to train afresh");
  }

  private void save(Optimizer optimizer, String identity, int epoch) {
    if (checkpoint == null) {
      return;
    }
    List<double[]> values = new ArrayList<>();
    for (Tensor t : tensors(optimizer)) {
      float[] f = t.toFloats();
      double[] d = new double[f.length];
      for (int i = 0; i < f.length; i++) {
        d[i] = f[i];
      }
      values.add(d);
    }
    values.addAll(term.state());
    new Checkpoint(identity, epoch, optimizer.steps(), values).write(checkpoint);
    saved = System.nanoTime();
  }

  private List<Tensor> tensors(Optimizer optimizer) {
    List<Tensor> all = new ArrayList<>();
    parameters.specs().keySet().forEach(k -> all.add(parameters.get(k)));
    all.addAll(optimizer.state());
    return all;
  }
}
