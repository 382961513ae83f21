package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Loss;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedLoss;

/** Losses and their gradients by the formula. */
final class ReferenceLoss extends CheckedLoss {

  static void register(ReferenceBackend backend) {
    backend.add(LossDesc.class, (d, o, i) -> new ReferenceLoss(backend, d, o, i));
  }

  private ReferenceLoss(
      ReferenceBackend backend, LossDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(
      Context ctx, long n, Tensor z, Tensor labels, double scale, Tensor loss, Tensor dz) {
    Cells logits = Cells.of(z);
    Cells wanted = Cells.of(labels);
    Cells values = Cells.of(loss);
    Cells gradient = Cells.of(dz);
    for (long i = 0; i < n; i++) {
      long label = (long) wanted.get(i);
      long from = i * desc().classes();
      double value;
      if (label < 0 || label >= desc().classes()) {
        value = Double.NaN;
        fill(gradient, from, Double.NaN);
      } else if (desc().loss() == Loss.CROSS_ENTROPY) {
        value = crossEntropy(logits, from, label, scale, gradient);
      } else {
        value = margin(logits, from, label, scale, gradient);
      }
      if (values != null) {
        values.set(i, value);
      }
    }
  }

  private void fill(Cells gradient, long from, double value) {
    for (long j = 0; gradient != null && j < desc().classes(); j++) {
      gradient.set(from + j, value);
    }
  }

  private double crossEntropy(Cells z, long from, long label, double scale, Cells gradient) {
    double max = Double.NEGATIVE_INFINITY;
    for (long j = 0; j < desc().classes(); j++) {
      max = Math.max(max, z.get(from + j));
    }
    double sum = 0;
    for (long j = 0; j < desc().classes(); j++) {
      sum += Math.exp(z.get(from + j) - max);
    }
    double loss = max - z.get(from + label) + Math.log(sum);
    for (long j = 0; gradient != null && j < desc().classes(); j++) {
      double p = Math.exp(z.get(from + j) - max) / sum;
      gradient.set(from + j, scale * (j == label ? p - 1 : p));
    }
    return loss;
  }

  private double margin(Cells z, long from, long label, double scale, Cells gradient) {
    long other = label == 0 ? 1 : 0;
    boolean nan = false;
    for (long j = 0; j < desc().classes(); j++) {
      nan |= Double.isNaN(z.get(from + j));
      if (j != label && z.get(from + j) > z.get(from + other)) {
        other = j;
      }
    }
    double value = desc().kappa() - (z.get(from + label) - z.get(from + other));
    fill(gradient, from, nan ? Double.NaN : 0);
    if (nan) {
      return Double.NaN;
    }
    if (value > 0 && gradient != null) {
      gradient.set(from + label, -scale);
      gradient.set(from + other, scale);
    }
    return Math.max(0, value);
  }
}
