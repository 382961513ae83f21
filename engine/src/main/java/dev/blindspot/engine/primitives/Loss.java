package dev.blindspot.engine.primitives;

/** Losses on logits, one value for each sample; small means that the label wins. */
public enum Loss {
  /** -log softmax(z)[label] = logsumexp(z) - z[label]; gradient softmax(z) - onehot(label). */
  CROSS_ENTROPY,
  /**
   * max(0, kappa - m) with the margin m = z[label] - max_{j != label} z[j] (Carlini and Wagner
   * 2017); the gradient is 0 where the loss is 0, and the runner-up is the first of equals.
   */
  MARGIN
}
