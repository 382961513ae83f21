package dev.blindspot.engine.spi;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * One way to execute a primitive, an entry of a backend's ordered list.
 *
 * @param name such as "cpu:avx512-relu", shown to users
 * @param guarantees what it keeps
 * @param reasonWhyNot empty if it supports the desc with these options, else the reason
 * @param create makes the plan of a supported desc; may still throw an UnsupportedException with
 *     the reason, and the next in the list is asked
 */
public record Implementation<D extends Desc<P>, P extends Plan>(
    String name,
    Set<Guarantee> guarantees,
    BiFunction<D, PlanOptions, String> reasonWhyNot,
    Factory<D, P> create) {

  /** Makes a plan. */
  public interface Factory<D extends Desc<P>, P extends Plan> {
    P create(D desc, PlanOptions options, Implementation<D, P> chosen);
  }

  /** An implementation that supports every desc of its type. */
  public static <D extends Desc<P>, P extends Plan> Implementation<D, P> always(
      String name, Set<Guarantee> guarantees, Factory<D, P> create) {
    return new Implementation<>(name, guarantees, (d, o) -> "", create);
  }
}
