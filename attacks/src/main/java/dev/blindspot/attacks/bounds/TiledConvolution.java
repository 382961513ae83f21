package dev.blindspot.attacks.bounds;

/**
 * A convolution whose filters depend on where in its tile of 2x2 an output lies. Tiles begin at
 * even rows and columns.
 */
final class TiledConvolution implements LinearMap {
  private final ConvGeometry g;
  private final ConvOperator[] places;

  /**
   * @param places convolutions to the outputs at (0,0), (0,1), (1,0) and (1,1) of each tile
   */
  TiledConvolution(ConvGeometry g, ConvOperator[] places) {
    this.g = g;
    this.places = places;
  }

  @Override
  public int outputs() {
    return g.outputs();
  }

  @Override
  public void apply(double[] x, double[] y) {
    for (int place = 0; place < places.length; place++) {
      double[] own = new double[places[place].outputs()];
      places[place].apply(x, own);
      int at = 0;
      for (int k = 0; k < g.k(); k++) {
        for (int i = place / 2; i < g.p(); i += 2) {
          for (int j = place % 2; j < g.q(); j += 2, at++) {
            y[(k * g.p() + i) * g.q() + j] = own[at];
          }
        }
      }
    }
  }
}
