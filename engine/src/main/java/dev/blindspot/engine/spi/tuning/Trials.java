package dev.blindspot.engine.spi.tuning;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BatchNormPlan;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.LocalResponseNormPlan;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.MatMulPlan;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pool2dPlan;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.primitives.SoftmaxPlan;
import java.util.function.BiFunction;

/** The primitives that are measured, those with more than one implementation somewhere. */
final class Trials {
  private Trials() {}

  /** Whether a primitive's implementations can be measured. */
  static boolean has(Desc<?> d) {
    return d instanceof Conv2dDesc
        || d instanceof LinearDesc
        || d instanceof MatMulDesc
        || d instanceof Pool2dDesc
        || d instanceof ActivationDesc
        || d instanceof SoftmaxDesc
        || d instanceof LocalResponseNormDesc
        || d instanceof BatchNormDesc;
  }

  /** Buffers at the desc's full batch. */
  static Trial of(Desc<?> d, Backend backend, Context ctx) {
    TrialBuffers buffers = new TrialBuffers(backend, ctx);
    try {
      return of(d, buffers);
    } catch (RuntimeException e) {
      buffers.close();
      throw e;
    }
  }

  private static Trial of(Desc<?> d, TrialBuffers to) {
    if (d instanceof Conv2dDesc c) {
      return WeightedTrial.of(c, to.of(c.type()));
    } else if (d instanceof LinearDesc l) {
      return WeightedTrial.of(l, to.of(l.type()));
    } else if (d instanceof MatMulDesc m) {
      return matMul(m, to.of(m.type()));
    } else if (d instanceof Pool2dDesc p) {
      return pool(p, to.of(p.type()));
    } else if (d instanceof ActivationDesc a) {
      return activation(a, to.of(a.type()));
    } else if (d instanceof SoftmaxDesc s) {
      return softmax(s, to.of(s.type()));
    } else if (d instanceof LocalResponseNormDesc l) {
      return localResponseNorm(l, to.of(l.type()));
    } else if (d instanceof BatchNormDesc b) {
      return batchNorm(b, to.of(b.type()));
    }
    throw new IllegalArgumentException("no trial of " + d.summary());
  }

  private static Trial trial(TrialBuffers buffers, BiFunction<Context, Plan, Runnable> step) {
    return new Trial() {
      @Override
      public Runnable step(Context ctx, Plan plan) {
        return step.apply(ctx, plan);
      }

      @Override
      public void close() {
        buffers.close();
      }
    };
  }

  /** Forward, then backward-data, as far as they are planned. */
  private static Runnable both(Plan plan, Runnable forward, Runnable backwardData) {
    return () -> {
      if (plan.options().directions().contains(Direction.FORWARD)) {
        forward.run();
      }
      if (plan.options().directions().contains(Direction.BACKWARD_DATA)) {
        backwardData.run();
      }
    };
  }

  private static Trial matMul(MatMulDesc d, TrialBuffers to) {
    Tensor a = d.transposeA() ? to.normal(d.k(), d.m()) : to.normal(d.m(), d.k());
    Tensor b = d.transposeB() ? to.normal(d.n(), d.k()) : to.normal(d.k(), d.n());
    Tensor c = to.normal(d.m(), d.n());
    return trial(to, (ctx, plan) -> () -> ((MatMulPlan) plan).execute(ctx, 1, a, b, 0, c));
  }

  private static Trial pool(Pool2dDesc d, TrialBuffers to) {
    Tensor x = to.normal(d.n(), d.c(), d.h(), d.w());
    Tensor dx = to.normal(d.n(), d.c(), d.h(), d.w());
    Tensor y = to.normal(d.n(), d.c(), d.p(), d.q());
    Tensor dy = to.normal(d.n(), d.c(), d.p(), d.q());
    return trial(
        to,
        (ctx, plan) -> {
          Pool2dPlan p = (Pool2dPlan) plan;
          return both(plan, () -> p.forward(ctx, x, y), () -> p.backwardData(ctx, x, y, dy, dx));
        });
  }

  private static Trial activation(ActivationDesc d, TrialBuffers to) {
    Tensor x = to.normal(d.n(), d.length());
    Tensor y = to.normal(d.n(), d.length());
    Tensor dx = to.normal(d.n(), d.length());
    return trial(
        to,
        (ctx, plan) -> {
          ActivationPlan p = (ActivationPlan) plan;
          return both(plan, () -> p.forward(ctx, x, y), () -> p.backwardData(ctx, y, x, dx));
        });
  }

  private static Trial softmax(SoftmaxDesc d, TrialBuffers to) {
    Tensor x = to.normal(d.n(), d.length());
    Tensor y = to.normal(d.n(), d.length());
    Tensor dx = to.normal(d.n(), d.length());
    return trial(
        to,
        (ctx, plan) -> {
          SoftmaxPlan p = (SoftmaxPlan) plan;
          return both(plan, () -> p.forward(ctx, x, y), () -> p.backwardData(ctx, y, x, dx));
        });
  }

  private static Trial localResponseNorm(LocalResponseNormDesc d, TrialBuffers to) {
    Tensor x = to.normal(d.n(), d.c(), d.spatial());
    Tensor y = to.normal(d.n(), d.c(), d.spatial());
    Tensor dx = to.normal(d.n(), d.c(), d.spatial());
    return trial(
        to,
        (ctx, plan) -> {
          LocalResponseNormPlan p = (LocalResponseNormPlan) plan;
          return both(plan, () -> p.forward(ctx, x, y), () -> p.backwardData(ctx, x, y, dx));
        });
  }

  /** With weights' gradients as in training, without as in inference. */
  private static Trial batchNorm(BatchNormDesc d, TrialBuffers to) {
    Tensor x = to.normal(d.n(), d.c(), d.spatial());
    Tensor y = to.normal(d.n(), d.c(), d.spatial());
    Tensor dy = to.normal(d.n(), d.c(), d.spatial());
    Tensor dx = to.normal(d.n(), d.c(), d.spatial());
    Tensor residual = d.post().isEmpty() ? null : to.normal(d.n(), d.c(), d.spatial());
    Tensor[] c = new Tensor[8];
    for (int i = 0; i < c.length; i++) {
      c[i] = to.positive(d.c());
    }
    return trial(
        to,
        (ctx, plan) -> {
          BatchNormPlan p = (BatchNormPlan) plan;
          if (plan.options().directions().contains(Direction.BACKWARD_WEIGHTS)) {
            return () -> {
              p.forwardTraining(ctx, x, c[0], c[1], 0.1, c[2], c[3], c[4], c[5], residual, y);
              p.backwardTraining(ctx, x, y, dy, c[0], c[4], c[5], dx, c[6], c[7]);
            };
          }
          return both(
              plan,
              () -> p.forwardInference(ctx, x, c[0], c[1], c[2], c[3], y),
              () -> p.backwardDataInference(ctx, y, c[0], c[3], dx));
        });
  }
}
