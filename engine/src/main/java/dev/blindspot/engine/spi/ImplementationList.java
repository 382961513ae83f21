package dev.blindspot.engine.spi;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.UnsupportedException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A backend's implementations, in order for each primitive; filled once, then only read. */
public final class ImplementationList {
  private final String backend;
  private final boolean deterministic;
  private final boolean verbose;
  private final Map<Class<?>, List<Implementation<?, ?>>> byDesc = new HashMap<>();

  /**
   * @param deterministic refuse implementations that do not declare every guarantee
   * @param verbose log what is chosen and why
   */
  public ImplementationList(String backend, boolean deterministic, boolean verbose) {
    this.backend = backend;
    this.deterministic = deterministic;
    this.verbose = verbose;
  }

  /** Appends an implementation to the list of its primitive. */
  public <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc, Implementation<D, P> implementation) {
    byDesc.computeIfAbsent(desc, d -> new ArrayList<>()).add(implementation);
  }

  /** The first implementation that supports the desc makes the plan. */
  @SuppressWarnings("unchecked") // add() ties the desc's class to its plan
  public <P extends Plan> P plan(Desc<P> desc, PlanOptions options) {
    StringBuilder reasons = new StringBuilder();
    for (Implementation<?, ?> i : byDesc.getOrDefault(desc.getClass(), List.of())) {
      Implementation<Desc<P>, P> candidate = (Implementation<Desc<P>, P>) i;
      String reason = reason(candidate, desc, options);
      if (reason.isEmpty()) {
        try {
          P plan = candidate.create().create(desc, options, candidate);
          log(desc, options, candidate.name(), reasons);
          return plan;
        } catch (UnsupportedException e) {
          reason = e.getMessage(); // what only a library's answer tells
        }
      }
      reasons.append("; not ").append(candidate.name()).append(": ").append(reason);
    }
    throw new UnsupportedException(
        "Backend "
            + backend
            + " has no implementation of "
            + desc.summary()
            + " for "
            + options
            + (reasons.isEmpty() ? ": the primitive is missing" : reasons)
            + ". The reference backend executes every primitive.");
  }

  private void log(Desc<?> desc, PlanOptions options, String chosen, CharSequence reasons) {
    if (verbose) {
      System.getLogger("dev.blindspot.engine")
          .log(
              System.Logger.Level.INFO,
              "{0} {1} -> {2}{3}",
              desc.summary(),
              options.directions(),
              chosen,
              reasons);
    }
  }

  /** Each listed implementation with the reason why it would not be used. */
  @SuppressWarnings("unchecked") // as above
  public <P extends Plan> List<ImplementationReport> explain(Desc<P> desc, PlanOptions options) {
    List<ImplementationReport> reports = new ArrayList<>();
    for (Implementation<?, ?> i : byDesc.getOrDefault(desc.getClass(), List.of())) {
      reports.add(
          new ImplementationReport(
              i.name(), reason((Implementation<Desc<P>, P>) i, desc, options)));
    }
    return reports;
  }

  private <P extends Plan> String reason(
      Implementation<Desc<P>, P> candidate, Desc<P> desc, PlanOptions options) {
    if (!candidate.name().startsWith(options.implementation())) {
      return "only " + options.implementation() + " is asked for";
    }
    if (deterministic && !candidate.guarantees().containsAll(EnumSet.allOf(Guarantee.class))) {
      Set<Guarantee> missing = EnumSet.allOf(Guarantee.class);
      missing.removeAll(candidate.guarantees());
      return "deterministic mode demands " + missing;
    }
    return candidate.reasonWhyNot().apply(desc, options);
  }
}
