package dev.blindspot.attacks;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Reduction;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * For each sample the class whose boundary is nearest by linearisation at the clean sample: min_j
 * (z_y - z_j) / ||grad (z_y - z_j)|| (DeepFool, Moosavi-Dezfooli et al. 2016), where the gradient
 * leaves out pixels that the box keeps from moving against it. Where labels are aimed at, those are
 * taken. The host sees logits and norms once, before the search begins; all gradients are submitted
 * before it looks at the first norm.
 */
final class NearestClass {
  /** Classes looked at beside the label: those with the largest logits. */
  private static final int CANDIDATES = 9;

  private final Batch batch;
  private final int classes;
  private final int[][] order;
  private final int[] target;
  private final float[] margin;
  private final float[] squaredSlope;

  /**
   * Excludes samples whose gradients are zero or not finite.
   *
   * @param faces of the batch's box
   * @param free U8 [n,size], overwritten
   * @param g [n,size], overwritten
   */
  NearestClass(Batch batch, BoxFaces faces, Tensor free, Tensor g) {
    this.batch = batch;
    classes = batch.classifier().classes();
    int n = batch.count();
    target = new int[n];
    margin = new float[n];
    squaredSlope = new float[n];
    int candidates = batch.targeted() ? 1 : Math.min(CANDIDATES, classes - 1);
    order = new int[n][];
    Arrays.setAll(order, i -> candidates(i, candidates));
    try (TensorArena arena =
        batch
            .backend()
            .arena(
                TensorArena.bytes(ElementType.F32, (long) n * classes)
                    + candidates * TensorArena.bytes(ElementType.F32, n)
                    + TensorArena.bytes(ElementType.F32, g.size()))) {
      Tensor dz = arena.tensor(ElementType.F32, n, classes);
      Tensor[] slopes = new Tensor[candidates];
      Arrays.setAll(slopes, k -> arena.tensor(ElementType.F32, n));
      Tensor zero = arena.tensor(ElementType.F32, g.shape(), g.layout());
      batch.pixels().fill(0, zero);
      for (int k = 0; k < candidates; k++) {
        Tensor gradient = gradient(k, dz);
        faces.free(batch.x0(), gradient, free);
        batch.pixels().select(free, gradient, zero, g);
        batch.pixels().reduce(Reduction.SQUARED_L2, g, null, slopes[k]);
      }
      for (int k = 0; k < candidates; k++) {
        consider(k, slopes[k].toFloats());
      }
    }
    exclude();
  }

  private int label(int i) {
    return batch.problem().labels()[batch.from() + i];
  }

  /** The label aimed at, or the wrong labels with the largest logits. */
  private int[] candidates(int i, int k) {
    if (batch.targeted()) {
      return new int[] {batch.problem().targets()[batch.from() + i]};
    }
    float[] z = batch.cleanLogits();
    return IntStream.range(0, classes)
        .filter(j -> j != label(i))
        .boxed()
        .sorted((a, b) -> Float.compare(z[i * classes + b], z[i * classes + a]))
        .limit(k)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Gradient of z_y - z_j for each sample's candidate k. */
  private Tensor gradient(int k, Tensor dz) {
    float[] values = new float[order.length * classes];
    for (int i = 0; i < order.length; i++) {
      values[i * classes + label(i)] = 1;
      values[i * classes + order[i][k]] = -1;
    }
    batch.context().upload(values, dz);
    batch.numbers().affine(1, batch.evaluations(), 1, batch.evaluations());
    batch.classifier().forward(batch.x0()); // a backward pass uses up what the forward pass kept
    return batch.classifier().gradient(dz);
  }

  private void consider(int k, float[] squared) {
    float[] z = batch.cleanLogits();
    for (int i = 0; i < squared.length; i++) {
      int j = order[i][k];
      float m = z[i * classes + label(i)] - z[i * classes + j];
      boolean nearer =
          squared[i] > 0
              && (!(squaredSlope[i] > 0)
                  || (double) m * m * squaredSlope[i]
                      < (double) margin[i] * margin[i] * squared[i]);
      if (k == 0 || nearer) {
        target[i] = j;
        margin[i] = m;
        squaredSlope[i] = squared[i];
      }
    }
  }

  private void exclude() {
    for (int i = 0; i < target.length; i++) {
      if (batch.excluded(i) == null && squaredSlope[i] == 0) {
        batch.exclude(i, StopReason.ZERO_GRADIENT);
      } else if (batch.excluded(i) == null && !Float.isFinite(squaredSlope[i])) {
        batch.exclude(i, StopReason.NOT_FINITE);
      }
    }
  }

  /** Chosen classes [n]. */
  int[] target() {
    return target;
  }

  /** z_y - z_target at the clean samples [n]. */
  float[] margin() {
    return margin;
  }

  /** ||grad (z_y - z_target)||^2 over pixels that can move [n]. */
  float[] squaredSlope() {
    return squaredSlope;
  }
}
