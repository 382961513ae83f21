package dev.blindspot.engine.spi;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.engine.spi.layers.SplitWeighted;
import dev.blindspot.engine.spi.tuning.Tuner;
import dev.blindspot.engine.spi.tuning.TuningStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A backend's implementations, in order for each primitive; filled once, then only read. */
public final class ImplementationList {
  private final String backend;
  private final boolean deterministic;
  private final boolean verbose;
  private final Tuner tuner;
  private final Map<Class<?>, List<Implementation<?, ?>>> byDesc = new HashMap<>();

  /** In deterministic mode implementations that do not declare every guarantee are refused. */
  public ImplementationList(Backend backend, TuningStore tuning) {
    this.backend = backend.name();
    deterministic = backend.options().deterministic();
    verbose = backend.options().verbose();
    tuner = new Tuner(backend, tuning);
  }

  /** Appends an implementation to the list of its primitive. */
  public <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc, Implementation<D, P> implementation) {
    byDesc.computeIfAbsent(desc, d -> new ArrayList<>()).add(implementation);
  }

  /** The implementation that was measured fastest makes the plan, else the first that can. */
  public <P extends Plan> P plan(Desc<P> desc, PlanOptions options) {
    if (tuner.decides(desc, options)) {
      P plan = SplitWeighted.splits(desc) ? split(desc, options) : chosen(desc, options);
      if (plan != null) {
        return plan;
      }
    }
    return first(desc, options);
  }

  @SuppressWarnings("unchecked") // add() ties the desc's class to its plan
  private <P extends Plan> List<Implementation<Desc<P>, P>> listed(Desc<P> desc) {
    return (List<Implementation<Desc<P>, P>>)
        (List<?>) byDesc.getOrDefault(desc.getClass(), List.of());
  }

  private <P extends Plan> P first(Desc<P> desc, PlanOptions options) {
    StringBuilder reasons = new StringBuilder();
    for (Implementation<Desc<P>, P> candidate : listed(desc)) {
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

  /** The measured choice that can be planned here, or null. */
  private <P extends Plan> Implementation<Desc<P>, P> choice(Desc<P> desc, PlanOptions options) {
    Optional<String> name =
        tuner.choose(
            desc,
            options,
            () -> listed(desc).stream().filter(i -> reason(i, desc, options).isEmpty()).toList());
    return name.flatMap(
            n ->
                listed(desc).stream()
                    .filter(i -> i.name().equals(n) && reason(i, desc, options).isEmpty())
                    .findFirst())
        .orElse(null);
  }

  /** The plan of the measured choice, or null. */
  private <P extends Plan> P chosen(Desc<P> desc, PlanOptions options) {
    Implementation<Desc<P>, P> i = choice(desc, options);
    return i == null ? null : made(desc, options, i);
  }

  /** The plan of this implementation, or null if it is refused only now. */
  private <P extends Plan> P made(Desc<P> desc, PlanOptions options, Implementation<Desc<P>, P> i) {
    try {
      P plan = i.create().create(desc, options, i);
      log(desc, options, i.name(), "; measured");
      return plan;
    } catch (UnsupportedException e) {
      return null;
    }
  }

  /** As {@link #chosen} with a choice for each direction; null if there is none for any. */
  @SuppressWarnings("unchecked") // a split plan is one of its desc's
  private <P extends Plan> P split(Desc<P> desc, PlanOptions options) {
    Map<Implementation<Desc<P>, P>, Set<Direction>> by = new LinkedHashMap<>();
    for (Direction d : options.directions()) {
      by.computeIfAbsent(
              choice(desc, options.only(Set.of(d))), i -> EnumSet.noneOf(Direction.class))
          .add(d);
    }
    if (by.keySet().equals(Collections.singleton(null))) {
      return null;
    }
    Map<Direction, WeightedPlan> parts = new EnumMap<>(Direction.class);
    try {
      for (Map.Entry<Implementation<Desc<P>, P>, Set<Direction>> e : by.entrySet()) {
        P part = part(desc, options.only(e.getValue()), e.getKey());
        if (by.size() == 1) {
          return part;
        }
        e.getValue().forEach(d -> parts.put(d, (WeightedPlan) part));
      }
    } catch (RuntimeException e) {
      parts.values().forEach(Plan::close);
      throw e;
    }
    return (P) SplitWeighted.of(desc, options, parts);
  }

  private <P extends Plan> P part(Desc<P> desc, PlanOptions options, Implementation<Desc<P>, P> i) {
    P part = i == null ? null : made(desc, options, i);
    return part == null ? first(desc, options) : part;
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
  public <P extends Plan> List<ImplementationReport> explain(Desc<P> desc, PlanOptions options) {
    List<ImplementationReport> reports = new ArrayList<>();
    for (Implementation<Desc<P>, P> i : listed(desc)) {
      reports.add(new ImplementationReport(i.name(), reason(i, desc, options)));
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
