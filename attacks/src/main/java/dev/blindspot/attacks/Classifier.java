package dev.blindspot.attacks;

import dev.blindspot.attacks.bounds.Logits;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.primitives.ArgmaxPlan;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.LossPlan;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.primitives.MarginPlan;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkPlan;

/**
 * A network as attacks see it: logits, margins, cross-entropy and input gradients for 1..n samples.
 * Owns the network's plan; its tensors are overwritten by the next call.
 */
final class Classifier implements AutoCloseable {
  private final Context ctx;
  private final int classes;
  private final NetworkPlan plan;
  private final LossPlan crossEntropy;
  private final MarginPlan margin;
  private final ArgmaxPlan argmax;
  private final RowMath rows;
  private final RowMath numbers;
  private final RowTensor scaled;
  private final RowTensor slope;
  private Tensor logits;

  Classifier(AttackProblem problem, Context ctx, RowStore store, int n) {
    this.ctx = ctx;
    Network network = Logits.of(problem.network());
    Backend backend = problem.backend();
    classes = Math.toIntExact(network.outputShape().size());
    crossEntropy = backend.plan(LossDesc.crossEntropy(ElementType.F32, n, classes));
    margin = backend.plan(new MarginDesc(ElementType.F32, n, classes));
    argmax = backend.plan(new ArgmaxDesc(ElementType.F32, n, classes));
    rows = new RowMath(backend, ctx, n, classes);
    numbers = new RowMath(backend, ctx, n, 1);
    scaled = store.scratch(ElementType.F32, classes);
    slope = store.scratch(ElementType.F32, classes);
    plan = network.plan(backend, problem.parameters(), n, AttackProblem.planning());
  }

  int classes() {
    return classes;
  }

  /** Logits [n,...] of x [n,...]; x must stay as it is until the gradient is taken. */
  Tensor forward(Tensor x) {
    logits = plan.forward(ctx, x);
    return logits;
  }

  /** z[label] - max of the others, from the last forward pass. */
  void margin(Tensor labels, Tensor y) {
    margin.execute(ctx, logits, labels, y);
  }

  /** Labels that the last forward pass gives. */
  void argmax(Tensor y) {
    argmax.execute(ctx, logits, y);
  }

  /** Cross-entropy of the last forward pass; the gradient follows from {@link #gradient()}. */
  void crossEntropy(Tensor labels, Tensor loss) {
    crossEntropy.execute(ctx, logits, labels, 1, loss, slope.view());
  }

  /**
   * tau CE(z / tau): the cross-entropy of the paper at tau = 1, and the hinge max_j z_j - z_label
   * in the limit tau to 0.
   *
   * @param tau [n], positive
   * @param inverse [n], overwritten with 1 / tau
   */
  void crossEntropy(Tensor labels, Tensor tau, Tensor inverse, Tensor loss) {
    numbers.map(ElementwiseOp.RECIPROCAL, tau, null, inverse);
    rows.rows(RowwiseOp.SCALE, inverse, logits, scaled.view());
    crossEntropy.execute(ctx, scaled.view(), labels, 1, loss, slope.view());
    numbers.multiply(loss, tau, loss);
  }

  /** Gradient [n,...] of the last cross-entropy with respect to x. */
  Tensor gradient() {
    return gradient(slope.view());
  }

  /** Gradient [n,...] of sum(dz z) with respect to x. */
  Tensor gradient(Tensor dz) {
    plan.backward(ctx, dz);
    return plan.inputGradient();
  }

  @Override
  public void close() {
    plan.close();
  }
}
