package dev.blindspot.attacks.transfer;

import java.util.List;

/**
 * What all networks say of one set of changed images.
 *
 * @param examples number of images counted
 * @param meanRms mean distortion of the images counted, sqrt(mean((x' - x)^2)) over the pixels of
 *     each, measured behind the clipping to [0,1]; NaN if none is counted
 * @param errors for each network, in the comparison's order, the share of the images counted whose
 *     predicted label differs from the true one; NaN if none is counted
 */
public record TransferRow(int examples, double meanRms, List<Double> errors) {

  public TransferRow {
    errors = List.copyOf(errors);
  }
}
