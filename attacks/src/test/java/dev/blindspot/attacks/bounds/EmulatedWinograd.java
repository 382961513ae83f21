package dev.blindspot.attacks.bounds;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Winograd's F(2x2, 3x3) in float, each operation rounded, sums in random order. */
final class EmulatedWinograd {
  private static final int[][] B = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};

  /** Place of the first input from the window's, and indices of taps, -1 for none. */
  private record Section(int offset, int[] taps) {}

  private final ConvGeometry g;
  private final float[] w;
  private final Random random;
  private final List<Section> rows;
  private final List<Section> columns;

  EmulatedWinograd(ConvGeometry g, float[] w, Random random) {
    this.g = g;
    this.w = w;
    this.random = random;
    rows = sections(g.r(), g.strideH());
    columns = sections(g.s(), g.strideW());
  }

  private static List<Section> sections(int taps, int stride) {
    List<Section> all = new ArrayList<>();
    for (int phase = 0; phase < stride; phase++) {
      List<Integer> left = new ArrayList<>();
      for (int t = phase; t < taps; t += stride) {
        left.add(t);
      }
      while (!left.isEmpty()) {
        List<Integer> own = left.subList(0, Math.min(3, left.size()));
        int first = own.get(0);
        all.add(
            switch (own.size()) {
              case 1 -> new Section(first - stride, new int[] {-1, first, -1});
              case 2 -> new Section(first, new int[] {first, first + stride, -1});
              default -> new Section(first, new int[] {first, first + stride, first + 2 * stride});
            });
        own.clear();
      }
    }
    return all;
  }

  /** y [k,p,q] of x [c,h,w]. */
  float[] forward(float[] x, float[] bias) {
    float[] y = new float[g.outputs()];
    for (int k = 0; k < g.k(); k++) {
      for (int i = 0; i < g.p(); i += 2) {
        for (int j = 0; j < g.q(); j += 2) {
          tile(x, k, i, j, bias[k], y);
        }
      }
    }
    return y;
  }

  private void tile(float[] x, int k, int i, int j, float bias, float[] y) {
    List<List<float[]>> factors = new ArrayList<>();
    for (int point = 0; point < 16; point++) {
      factors.add(new ArrayList<>());
    }
    int first = k / g.filtersPerGroup() * g.channelsPerGroup();
    for (int c = 0; c < g.channelsPerGroup(); c++) {
      for (Section row : rows) {
        for (Section column : columns) {
          float[] u = filter((k * g.channelsPerGroup() + c) * g.r() * g.s(), row, column);
          float[] v = inputs(x, first + c, i, j, row, column);
          for (int point = 0; point < 16; point++) {
            factors.get(point).add(new float[] {u[point], v[point]});
          }
        }
      }
    }
    float[] m = new float[16];
    for (int point = 0; point < 16; point++) {
      m[point] = sum(factors.get(point));
    }
    for (int a = 0; a < 2 && i + a < g.p(); a++) {
      for (int b = 0; b < 2 && j + b < g.q(); b++) {
        float[] t = new float[4];
        for (int point = 0; point < 4; point++) {
          t[point] = output(a, m[point], m[4 + point], m[8 + point], m[12 + point]);
        }
        y[(k * g.p() + i + a) * g.q() + j + b] = output(b, t[0], t[1], t[2], t[3]) + bias;
      }
    }
  }

  private static float output(int which, float m0, float m1, float m2, float m3) {
    return which == 0 ? m0 + m1 + m2 : m1 - m2 - m3;
  }

  /** G g G^T. */
  private float[] filter(int at, Section row, Section column) {
    float[][] half = new float[4][3];
    for (int b = 0; b < 3; b++) {
      float[] taps = new float[3];
      for (int a = 0; a < 3; a++) {
        int t = row.taps[a];
        taps[a] = t < 0 || column.taps[b] < 0 ? 0 : w[at + t * g.s() + column.taps[b]];
      }
      float[] four = spread(taps);
      for (int a = 0; a < 4; a++) {
        half[a][b] = four[a];
      }
    }
    float[] u = new float[16];
    for (int a = 0; a < 4; a++) {
      System.arraycopy(spread(half[a]), 0, u, 4 * a, 4);
    }
    return u;
  }

  private float[] spread(float[] t) {
    boolean order = random.nextBoolean();
    float plus = order ? (t[0] + t[2] + t[1]) / 2 : t[0] / 2 + (t[1] / 2 + t[2] / 2);
    float minus = order ? (t[0] + t[2] - t[1]) / 2 : t[0] / 2 - t[1] / 2 + t[2] / 2;
    return new float[] {t[0], plus, minus, t[2]};
  }

  /** B^T d B. */
  private float[] inputs(float[] x, int c, int i, int j, Section row, Section column) {
    float[] v = new float[16];
    float[][] half = new float[4][4];
    for (int a = 0; a < 4; a++) {
      for (int b = 0; b < 4; b++) {
        for (int d = 0; d < 4; d++) {
          half[a][b] += B[a][d] * at(x, c, i, d, j, b, row, column);
        }
      }
    }
    for (int a = 0; a < 4; a++) {
      for (int b = 0; b < 4; b++) {
        for (int d = 0; d < 4; d++) {
          v[4 * a + b] += B[b][d] * half[a][d];
        }
      }
    }
    return v;
  }

  private float at(float[] x, int c, int i, int a, int j, int b, Section row, Section column) {
    int h = (i + a) * g.strideH() + row.offset - g.padTop();
    int v = (j + b) * g.strideW() + column.offset - g.padLeft();
    return h < 0 || h >= g.h() || v < 0 || v >= g.w() ? 0 : x[(c * g.h() + h) * g.w() + v];
  }

  /** In random order, in one or two parts, with or without fused multiply-add. */
  private float sum(List<float[]> factors) {
    Collections.shuffle(factors, random);
    int cut = random.nextInt(factors.size() + 1);
    boolean fused = random.nextBoolean();
    float[] parts = new float[2];
    for (int i = 0; i < factors.size(); i++) {
      float[] f = factors.get(i);
      int part = i < cut ? 0 : 1;
      parts[part] = fused ? Math.fma(f[0], f[1], parts[part]) : parts[part] + f[0] * f[1];
    }
    return parts[0] + parts[1];
  }
}
