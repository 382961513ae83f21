package dev.blindspot.nn.training;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleBiFunction;

/**
 * A training by {@link Lbfgs} that can be killed and gone on with: its state is written now and
 * then, and a resumed run ends in the same bits as one that was never interrupted.
 *
 * @param identity of the training, for the checkpoint
 * @param iterations at most
 * @param checkpoint file to resume from and to write; null for none
 */
record LbfgsRun(String identity, int iterations, TrainingListener listener, Path checkpoint) {
  /** Iterations between two checkpoints. */
  private static final int CHECKPOINT_EVERY = 10;

  /**
   * Minimises f over the parameters and leaves them at the point found.
   *
   * @param f sets the parameters to its first argument
   * @throws DamagedCheckpointException if the checkpoint is not this training's
   */
  void minimize(ToDoubleBiFunction<double[], double[]> f, FlatParameters parameters) {
    Lbfgs lbfgs = resume(f, parameters);
    while (lbfgs.iteration() < iterations && lbfgs.step()) {
      listener.step(lbfgs.iteration(), iterations, lbfgs.value());
      if (checkpoint != null && lbfgs.iteration() % CHECKPOINT_EVERY == 0) {
        save(lbfgs, parameters);
      }
    }
    parameters.scatter(lbfgs.point());
  }

  private void save(Lbfgs lbfgs, FlatParameters parameters) {
    List<double[]> values = new ArrayList<>(parameters.statistics());
    values.addAll(lbfgs.state());
    new Checkpoint(identity, lbfgs.iteration(), lbfgs.iteration(), values).write(checkpoint);
  }

  private Lbfgs resume(ToDoubleBiFunction<double[], double[]> f, FlatParameters parameters) {
    if (checkpoint == null || !Files.exists(checkpoint)) {
      return new Lbfgs(f, parameters.gather());
    }
    Checkpoint c = Checkpoint.read(checkpoint, identity);
    int split = Math.min(parameters.statistics().size(), c.values().size());
    List<double[]> statistics = c.values().subList(0, split);
    List<double[]> state = c.values().subList(split, c.values().size());
    if (!parameters.isStatistics(statistics) || !Lbfgs.isState(state, parameters.size())) {
      throw new DamagedCheckpointException(
          "checkpoint "
              + checkpoint
              + ": its vectors are not those of L-BFGS for "
              + parameters.size()
              + " parameters. Delete it to train afresh");
    }
    parameters.statistics(statistics);
    return Lbfgs.resume(f, c.epoch(), state);
  }
}
