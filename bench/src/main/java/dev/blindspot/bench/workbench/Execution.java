package dev.blindspot.bench.workbench;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** A plan with its tensors. Owns plan, tensors, context and what else is given to it. */
record Execution(
    Plan plan,
    Pass pass,
    Context context,
    Tensors tensors,
    Tensor output,
    Runnable body,
    AutoCloseable more)
    implements Prepared {

  @Override
  public String implementation() {
    return plan.implementation(pass.direction());
  }

  @Override
  public void run() {
    body.run();
  }

  @Override
  public double[] result() {
    context.synchronize();
    return Tensors.values(output);
  }

  @Override
  public void close() {
    try (plan;
        tensors;
        context) {
      if (more != null) {
        more.close();
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
