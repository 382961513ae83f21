package dev.blindspot.attacks.visualize;

/** What the ascent changes, and the image that it stands for. One thread. */
interface Canvas {
  /** The image [c,h,w] in [0,1] of the present parameters; overwritten by the next call. */
  double[] image();

  /**
   * Gradient with respect to the parameters.
   *
   * @param dx with respect to the image of the last {@link #image}
   * @return overwritten by the next call
   */
  double[] gradient(double[] dx);

  /** Adds to the parameters. */
  void add(double[] delta);
}
