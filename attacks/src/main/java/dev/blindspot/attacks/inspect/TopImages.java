package dev.blindspot.attacks.inspect;

import java.util.List;

/**
 * The images that a unit or a direction answers to most, the largest value first.
 *
 * @param index the unit in the layer's flattened activation (channel, row, column), or the number
 *     of the direction
 * @param images positions in the data set
 * @param labels of these images
 * @param values phi(x)_index, or the projection of phi(x) on the direction
 * @param purity share of the most frequent label
 */
public record TopImages(
    int index, List<Integer> images, List<Integer> labels, List<Double> values, double purity) {}
