package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;

/**
 * How much to spend on bounds. Nothing here affects whether they hold.
 *
 * @param threads of plain Java work; the results do not depend on it
 * @param work multiply-adds to spend on one layer, roughly
 * @param backend gives LAPACK values and large products of dense layers in F64, where it has them;
 *     null for plain Java throughout
 */
public record BoundsOptions(int threads, double work, Backend backend) {

  public BoundsOptions {
    if (threads < 1 || !(work > 0)) {
      throw new InvalidInputException(
          "Bounds: threads " + threads + " and work " + work + " must be positive");
    }
  }

  /** The backend for large products; null if plain Java is as fast, as on the reference. */
  Backend products() {
    return backend == null || backend.name().equals("reference") ? null : backend;
  }

  /** All processors, a second or two for a large layer, plain Java. */
  public static BoundsOptions defaults() {
    return new BoundsOptions(Runtime.getRuntime().availableProcessors(), 2e9, null);
  }

  public BoundsOptions threads(int t) {
    return new BoundsOptions(t, work, backend);
  }

  public BoundsOptions work(double w) {
    return new BoundsOptions(threads, w, backend);
  }

  public BoundsOptions backend(Backend b) {
    return new BoundsOptions(threads, work, b);
  }
}
