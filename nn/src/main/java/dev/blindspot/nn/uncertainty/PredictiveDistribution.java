package dev.blindspot.nn.uncertainty;

/**
 * A distribution over the class probabilities of images, known by draws from it. Equal seed,
 * threads and machine give equal bits. For one thread at a time.
 */
public interface PredictiveDistribution extends AutoCloseable {

  /** What it is, for reports: "MC dropout, 50 draws". */
  String description();

  /**
   * Draws class probabilities for images and sums them up.
   *
   * @param images [n,...], one behind the other
   * @throws dev.blindspot.engine.InvalidInputException if the images do not fit the network
   */
  Prediction predict(float[] images, int n);

  @Override
  void close();
}
