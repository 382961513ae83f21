package dev.blindspot.nn.training;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Linear;
import java.util.SplittableRandom;

/** A small data set: noisy images of 6 x 6 whose bright third tells the class. */
public final class Blobs {
  private Blobs() {}

  public static DataSet draw(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[][] pixels = new byte[n][36];
    int[] labels = new int[n];
    for (int i = 0; i < n; i++) {
      labels[i] = random.nextInt(3);
      for (int j = 0; j < 36; j++) {
        int light = j / 12 == labels[i] ? 90 : 0;
        pixels[i][j] = (byte) (light + random.nextInt(150));
      }
    }
    return new DataSet("blobs", Shape.of(1, 6, 6), 3, pixels, labels);
  }

  /** Convolution, batch norm, dropout, dense: every kind of state that training has. */
  public static Network network() {
    return Network.builder("blobs", Shape.of(1, 6, 6))
        .add("conv", Conv2d.of(4, 3, 1, 1))
        .add("norm", BatchNorm.standard())
        .add("relu", ActivationLayer.relu())
        .add("drop", new Dropout(0.2))
        .add("dense", Linear.of(3))
        .build();
  }
}
