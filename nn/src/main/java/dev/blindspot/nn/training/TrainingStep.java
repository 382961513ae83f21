package dev.blindspot.nn.training;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LossPlan;
import dev.blindspot.nn.NetworkPlan;

/**
 * One step of training: forward, loss, backward, the optimiser's update, and the weights packed
 * anew. Executed as it is the first time, recorded the second time and replayed from then on; what
 * differs from step to step (dropout's counter, rates) is brought to the device before, so that a
 * replay does not repeat the last one's. With a further term of the objective, which may do
 * anything, nothing is recorded. Owns the program.
 */
final class TrainingStep implements AutoCloseable {
  /**
   * What a step reads and what it writes on the way.
   *
   * @param x samples [n,...]
   * @param labels I32 [n]
   * @param plan the loss
   * @param loss of each sample [n], overwritten
   * @param dz gradient with respect to the logits, overwritten
   */
  record Batch(Tensor x, Tensor labels, LossPlan plan, Tensor loss, Tensor dz) {}

  private final Context ctx;
  private final NetworkPlan plan;
  private final Optimizer optimizer;
  private final ObjectiveTerm term;
  private final Batch batch;
  private boolean warm;
  private Program program;

  TrainingStep(
      Context ctx, NetworkPlan plan, Optimizer optimizer, ObjectiveTerm term, Batch batch) {
    this.ctx = ctx;
    this.plan = plan;
    this.optimizer = optimizer;
    this.term = term;
    this.batch = batch;
  }

  void run(double learningRate) {
    long step = optimizer.steps();
    plan.step(ctx, step);
    optimizer.begin(ctx, learningRate);
    if (term != ObjectiveTerm.none()) {
      gradients();
      term.addGradients(ctx, plan, step);
      update();
      term.parametersChanged(ctx);
    } else if (!warm) {
      warm = true;
      work();
    } else {
      if (program == null) {
        program = ctx.record(this::work);
      }
      program.run();
    }
  }

  private void work() {
    gradients();
    update();
  }

  private void gradients() {
    Tensor z = plan.forward(ctx, batch.x());
    batch.plan().execute(ctx, z, batch.labels(), 1.0 / z.n(), batch.loss(), batch.dz());
    plan.backward(ctx, batch.dz());
  }

  private void update() {
    optimizer.apply(ctx);
    plan.parametersChanged(ctx);
  }

  @Override
  public void close() {
    if (program != null) {
      program.close();
    }
  }
}
