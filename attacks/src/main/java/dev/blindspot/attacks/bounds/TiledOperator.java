package dev.blindspot.attacks.bounds;

/**
 * A convolution whose filters depend on where in its tile of 2x2 an output lies. Tiles begin at
 * even rows and columns.
 */
final class TiledOperator implements LinearOperator {
  private final ConvGeometry g;
  private final ConvOperator[] places;

  /**
   * @param places convolutions to the outputs at (0,0), (0,1), (1,0) and (1,1) of each tile
   */
  TiledOperator(ConvGeometry g, ConvOperator[] places) {
    this.g = g;
    this.places = places;
  }

  @Override
  public int inputs() {
    return g.inputs();
  }

  @Override
  public int outputs() {
    return g.outputs();
  }

  @Override
  public double cost() {
    double sum = 0;
    for (ConvOperator place : places) {
      sum += place.cost();
    }
    return sum;
  }

  @Override
  public double applyError() {
    double square = 0;
    for (ConvOperator place : places) {
      square = Rounding.addUp(square, Rounding.mulUp(place.applyError(), place.applyError()));
    }
    return Rounding.sqrtUp(square);
  }

  @Override
  public void apply(double[] x, double[] y) {
    for (int place = 0; place < places.length; place++) {
      double[] own = new double[places[place].outputs()];
      places[place].apply(x, own);
      exchange(place, own, y, true);
    }
  }

  @Override
  public void adjoint(double[] y, double[] x) {
    double[] part = new double[x.length];
    java.util.Arrays.fill(x, 0);
    for (int place = 0; place < places.length; place++) {
      double[] own = new double[places[place].outputs()];
      exchange(place, own, y, false);
      places[place].adjoint(own, part);
      for (int i = 0; i < x.length; i++) {
        x[i] += part[i];
      }
    }
  }

  /** Copies one place's outputs to y, or from it. */
  private void exchange(int place, double[] own, double[] y, boolean to) {
    int a = place / 2;
    int b = place % 2;
    int at = 0;
    for (int k = 0; k < g.k(); k++) {
      for (int i = a; i < g.p(); i += 2) {
        for (int j = b; j < g.q(); j += 2, at++) {
          int other = (k * g.p() + i) * g.q() + j;
          if (to) {
            y[other] = own[at];
          } else {
            own[at] = y[other];
          }
        }
      }
    }
  }
}
