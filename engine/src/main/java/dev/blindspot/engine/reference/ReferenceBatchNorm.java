package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedBatchNorm;

/** Batch normalisation, channel by channel. */
final class ReferenceBatchNorm extends CheckedBatchNorm {

  static void register(ReferenceBackend backend) {
    backend.add(BatchNormDesc.class, (d, o, i) -> new ReferenceBatchNorm(backend, d, o, i));
  }

  private ReferenceBatchNorm(
      ReferenceBackend backend, BatchNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  /** Index of element j of the channel, j counting over batch and space. */
  private long index(int c, long j) {
    return (j / desc().spatial() * desc().c() + c) * desc().spatial() + j % desc().spatial();
  }

  private double inverseDeviation(double variance) {
    return 1 / Math.sqrt(variance + desc().epsilon());
  }

  @Override
  protected void runForwardInference(
      Context ctx,
      long n,
      Tensor x,
      Tensor gamma,
      Tensor beta,
      Tensor mean,
      Tensor variance,
      Tensor y) {
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (int c = 0; c < desc().c(); c++) {
      double m = Cells.of(mean).get(c);
      double scale = Cells.of(gamma).get(c) * inverseDeviation(Cells.of(variance).get(c));
      double shift = Cells.of(beta).get(c);
      for (long j = 0; j < n * desc().spatial(); j++) {
        long i = index(c, j);
        out.set(i, (in.get(i) - m) * scale + shift);
      }
    }
  }

  @Override
  protected void runForwardTraining(
      Context ctx,
      long n,
      Tensor x,
      Tensor gamma,
      Tensor beta,
      double momentum,
      Tensor runningMean,
      Tensor runningVariance,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor residual,
      Tensor y) {
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    long count = n * desc().spatial();
    for (int c = 0; c < desc().c(); c++) {
      double sum = 0;
      for (long j = 0; j < count; j++) {
        sum += in.get(index(c, j));
      }
      double mean = sum / count;
      double squares = 0;
      for (long j = 0; j < count; j++) {
        double v = in.get(index(c, j)) - mean;
        squares += v * v;
      }
      double inverse = inverseDeviation(squares / count);
      Cells.of(savedMean).set(c, mean);
      Cells.of(savedInverseDeviation).set(c, inverse);
      move(Cells.of(runningMean), c, momentum, mean);
      move(Cells.of(runningVariance), c, momentum, squares / Math.max(1, count - 1));
      double scale = Cells.of(gamma).get(c) * inverse;
      double shift = Cells.of(beta).get(c);
      for (long j = 0; j < count; j++) {
        long i = index(c, j);
        double v = (in.get(i) - mean) * scale + shift;
        v += residual == null ? 0 : Cells.of(residual).get(i);
        out.set(i, rectifies() ? Math.max(0, v) : v);
      }
    }
  }

  private static void move(Cells running, int c, double momentum, double batch) {
    running.set(c, (1 - momentum) * running.get(c) + momentum * batch);
  }

  @Override
  protected void runBackwardDataInference(
      Context ctx, long n, Tensor dy, Tensor gamma, Tensor variance, Tensor dx) {
    Cells gradient = Cells.of(dy);
    Cells out = Cells.of(dx);
    for (int c = 0; c < desc().c(); c++) {
      double scale = Cells.of(gamma).get(c) * inverseDeviation(Cells.of(variance).get(c));
      for (long j = 0; j < n * desc().spatial(); j++) {
        give(out, index(c, j), gradient.get(index(c, j)) * scale);
      }
    }
  }

  @Override
  protected void runBackwardWeightsInference(
      Context ctx,
      long n,
      Tensor x,
      Tensor dy,
      Tensor mean,
      Tensor variance,
      Tensor dgamma,
      Tensor dbeta) {
    for (int c = 0; c < desc().c(); c++) {
      double inverse = inverseDeviation(Cells.of(variance).get(c));
      double[] sums = sums(Cells.of(x), counted(null, dy), n, c, Cells.of(mean).get(c), inverse);
      give(Cells.of(dgamma), c, sums[0]);
      give(Cells.of(dbeta), c, sums[1]);
    }
  }

  /** sum dy xhat and sum dy of a channel, xhat = (x - mean) inverse. */
  private double[] sums(Cells x, double[] dy, long n, int c, double mean, double inverse) {
    double[] sums = new double[2];
    for (long j = 0; j < n * desc().spatial(); j++) {
      long i = index(c, j);
      sums[0] += dy[(int) i] * (x.get(i) - mean) * inverse;
      sums[1] += dy[(int) i];
    }
    return sums;
  }

  /** dx = gamma inverse (dy - mean(dy) - xhat mean(dy xhat)). */
  @Override
  protected void runBackwardTraining(
      Context ctx,
      long n,
      Tensor x,
      Tensor y,
      Tensor dy,
      Tensor gamma,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta) {
    Cells in = Cells.of(x);
    double[] gradient = counted(y, dy);
    Cells out = Cells.of(dx);
    long count = n * desc().spatial();
    for (int c = 0; c < desc().c(); c++) {
      double mean = Cells.of(savedMean).get(c);
      double inverse = Cells.of(savedInverseDeviation).get(c);
      double[] sums = sums(in, gradient, n, c, mean, inverse);
      double scale = Cells.of(gamma).get(c) * inverse;
      for (long j = 0; j < count; j++) {
        long i = index(c, j);
        double normal = (in.get(i) - mean) * inverse;
        give(out, i, scale * (gradient[(int) i] - sums[1] / count - normal * sums[0] / count));
      }
      give(Cells.of(dgamma), c, sums[0]);
      give(Cells.of(dbeta), c, sums[1]);
    }
  }

  /** dy where y is positive, else 0; also in dy if that is the residual's gradient, too. */
  private double[] counted(Tensor y, Tensor dy) {
    Cells gradient = Cells.of(dy);
    double[] g = new double[Math.toIntExact(dy.size())];
    for (int i = 0; i < g.length; i++) {
      double out = y == null ? 1 : Cells.of(y).get(i);
      g[i] = gradient.get(i) * (Double.isNaN(out) ? out : out > 0 ? 1 : 0);
      if (y != null && adds()) {
        gradient.set(i, g[i]);
      }
    }
    return g;
  }

  /** Stores or, with the accumulate option, adds a gradient. */
  private void give(Cells dx, long i, double g) {
    dx.set(i, options().accumulate() ? dx.get(i) + g : g);
  }
}
