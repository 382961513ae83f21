package dev.blindspot.attacks.inspect;

import java.util.List;

/**
 * What was found in a layer.
 *
 * @param layer its name
 * @param features elements of its activation for one image
 * @param deadUnits of them, those with one value for all images; they are not drawn
 * @param images number of images ranked
 * @param units drawn by a seeded shuffle of the units that are not constant
 * @param directions drawn from the sphere
 * @param meanUnitPurity mean label purity of the units' top images
 * @param meanDirectionPurity the same of the directions
 * @param permutations of the test
 * @param pValue two-sided, of the hypothesis that purity does not depend on whether a unit or a
 *     direction was looked at; see {@link PermutationTest}
 */
public record Inspection(
    String layer,
    int features,
    int deadUnits,
    int images,
    List<TopImages> units,
    List<TopImages> directions,
    double meanUnitPurity,
    double meanDirectionPurity,
    int permutations,
    double pValue) {}
