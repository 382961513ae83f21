package dev.blindspot.nn.onnx;

/** The numbers of a constant or a parameter, decoded when asked for. */
@FunctionalInterface
interface Numbers {

  /** All in order, in a new array. */
  double[] doubles();

  /** The same rounded to float. */
  default float[] floats() {
    double[] d = doubles();
    float[] f = new float[d.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) d[i];
    }
    return f;
  }

  /** Index of the first that is NaN or infinite, or -1. */
  default int firstNotFinite() {
    double[] d = doubles();
    for (int i = 0; i < d.length; i++) {
      if (!Double.isFinite(d[i])) {
        return i;
      }
    }
    return -1;
  }
}
