package dev.blindspot.attacks.inspect;

import dev.blindspot.engine.InvalidInputException;

/**
 * What to inspect.
 *
 * @param units units to draw from those that are not constant; all of them if there are fewer
 * @param directions random directions to draw
 * @param top images to show for each
 * @param permutations of the permutation test
 * @param seed of everything random
 */
public record InspectionOptions(int units, int directions, int top, int permutations, long seed) {

  public InspectionOptions {
    positive("units", units);
    positive("directions", directions);
    positive("top", top);
    positive("permutations", permutations);
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new InvalidInputException("Inspection: " + name + " must be at least 1, not " + value);
    }
  }

  /** 20 units, 20 directions, 8 images each, 10,000 permutations, seed 1. */
  public static InspectionOptions defaults() {
    return new InspectionOptions(20, 20, 8, 10_000, 1);
  }

  /** The same with so many units. */
  public InspectionOptions units(int count) {
    return new InspectionOptions(count, directions, top, permutations, seed);
  }

  /** The same with so many directions. */
  public InspectionOptions directions(int count) {
    return new InspectionOptions(units, count, top, permutations, seed);
  }

  /** The same with so many images for each unit and direction. */
  public InspectionOptions top(int count) {
    return new InspectionOptions(units, directions, count, permutations, seed);
  }

  /** The same with so many permutations. */
  public InspectionOptions permutations(int count) {
    return new InspectionOptions(units, directions, top, count, seed);
  }

  /** The same with another seed. */
  public InspectionOptions seed(long s) {
    return new InspectionOptions(units, directions, top, permutations, s);
  }
}
