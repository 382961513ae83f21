package dev.blindspot.attacks.bounds;

/**
 * One group of a convolution as a stride-1 kernel: stride s makes s_h s_w C channels of ceil(span /
 * s) taps (polyphase), with zeros between the taps where dilation meets a stride. Dilation alone
 * does not change the norm on an unbounded image, so it is dropped where the stride is 1.
 *
 * @param d outputs
 * @param c inputs: channels times phases
 * @param weights [r*s][d*c]: one d x c matrix for each tap
 */
record PolyphaseKernel(int d, int c, int r, int s, double[][] weights) {

  static PolyphaseKernel of(ConvGeometry g, double[] w, int group) {
    int dilationH = g.strideH() == 1 ? 1 : g.dilationH();
    int dilationW = g.strideW() == 1 ? 1 : g.dilationW();
    int r = (g.r() - 1) * dilationH / g.strideH() + 1;
    int s = (g.s() - 1) * dilationW / g.strideW() + 1;
    int d = g.filtersPerGroup();
    int c = g.channelsPerGroup() * g.strideH() * g.strideW();
    double[][] taps = new double[r * s][Math.multiplyExact(d, c)];
    int at = group * d * g.channelsPerGroup() * g.r() * g.s();
    for (int k = 0; k < d; k++) {
      for (int i = 0; i < g.channelsPerGroup(); i++) {
        for (int u = 0; u < g.r(); u++) {
          for (int v = 0; v < g.s(); v++, at++) {
            int y = u * dilationH;
            int x = v * dilationW;
            int phase = (y % g.strideH()) * g.strideW() + x % g.strideW();
            int channel = i * g.strideH() * g.strideW() + phase;
            taps[y / g.strideH() * s + x / g.strideW()][k * c + channel] = w[at];
          }
        }
      }
    }
    return new PolyphaseKernel(d, c, r, s, taps);
  }

  int taps() {
    return r * s;
  }

  /** Sum over the taps of |weight|, [d*c], computed. */
  double[] absoluteSums() {
    double[] sums = new double[d * c];
    for (double[] tap : weights) {
      for (int i = 0; i < sums.length; i++) {
        sums[i] += Math.abs(tap[i]);
      }
    }
    return sums;
  }
}
