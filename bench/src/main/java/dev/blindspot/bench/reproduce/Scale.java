package dev.blindspot.bench.reproduce;

/** How much of the paper's work is done. */
public enum Scale {
  /** Minutes: every table says that it is quick. */
  QUICK(10_000, 150, 150, 200, 200),
  /** All training images, part of them attacked: about an hour. */
  FULL(60_000, 600, 300, 5_000, 5_000),
  /** All of it, as the paper: many hours. */
  PAPER(60_000, 600, 300, 60_000, 10_000);

  private final int trainingImages;
  private final int iterations;
  private final int autoencoderIterations;
  private final int attackedTraining;
  private final int attackedTest;

  Scale(
      int trainingImages,
      int iterations,
      int autoencoderIterations,
      int attackedTraining,
      int attackedTest) {
    this.trainingImages = trainingImages;
    this.iterations = iterations;
    this.autoencoderIterations = autoencoderIterations;
    this.attackedTraining = attackedTraining;
    this.attackedTest = attackedTest;
  }

  /** Training images used, at most. */
  public int trainingImages() {
    return trainingImages;
  }

  /** Iterations of full-batch L-BFGS. */
  public int iterations() {
    return iterations;
  }

  /** Iterations of L-BFGS on the sparse autoencoder. */
  public int autoencoderIterations() {
    return autoencoderIterations;
  }

  /** Training images attacked, for tables 1 and 2. */
  public int attackedTraining() {
    return attackedTraining;
  }

  /** Test images attacked, for table 4. */
  public int attackedTest() {
    return attackedTest;
  }

  /** The name on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
