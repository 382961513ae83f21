package dev.blindspot.engine.spi.tuning;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.spi.Implementation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * Chooses among listed implementations by measuring them, all in turn, on random tensors of the
 * full batch and with the workspace that they will have. Only those are candidates that give equal
 * bits each time and keep the rule for ties.
 */
public final class Tuner {
  private static final Set<Guarantee> DEMANDED =
      Set.of(Guarantee.DETERMINISTIC, Guarantee.TIES_FIRST);

  private static final int ROUNDS = 5;

  /** Seconds of one sample, at least, where calls are short. */
  private static final double SAMPLE = 2e-3;

  /** A later one in the list must win by this factor: noise does not count. */
  private static final double MARGIN = 0.98;

  private final Backend backend;
  private final TuningStore store;

  public Tuner(Backend backend, TuningStore store) {
    this.backend = backend;
    this.store = store;
  }

  /** Whether choices about this primitive are looked up. */
  public boolean decides(Desc<?> desc, PlanOptions options) {
    return options.implementation().isEmpty() && Trials.has(desc) && store.answers();
  }

  /** A desc with its options as a question. */
  public static String question(Desc<?> desc, PlanOptions options) {
    return desc
        + " "
        + options.directions()
        + " "
        + options.precision()
        + (options.accumulate() ? " accumulated" : "")
        + (options.boundsForward() ? " bounded" : "");
  }

  /**
   * The name of the implementation to use, if there is a choice for it.
   *
   * @param listed gives those that support the desc, in order; asked only if it has to be measured
   */
  public <P extends Plan> Optional<String> choose(
      Desc<P> desc, PlanOptions options, Supplier<List<Implementation<Desc<P>, P>>> listed) {
    String question = question(desc, options);
    Optional<String> known = store.find(question);
    if (known.isPresent() || !store.measures()) {
      return known;
    }
    List<Implementation<Desc<P>, P>> candidates =
        listed.get().stream().filter(i -> i.guarantees().containsAll(DEMANDED)).toList();
    if (candidates.size() < 2) {
      return Optional.empty();
    }
    Map<String, Double> seconds = store.trial(() -> measure(desc, options, candidates));
    String best = best(seconds);
    if (best == null) {
      return Optional.empty();
    }
    store.keep(question, best, seconds);
    return store.find(question);
  }

  /** The fastest; null if there is none. */
  public static String best(Map<String, Double> seconds) {
    String best = null;
    for (Map.Entry<String, Double> e : seconds.entrySet()) {
      if (best == null || e.getValue() < MARGIN * seconds.get(best)) {
        best = e.getKey();
      }
    }
    return best;
  }

  private <P extends Plan> Map<String, Double> measure(
      Desc<P> desc, PlanOptions options, List<Implementation<Desc<P>, P>> candidates) {
    Map<String, Runnable> steps = new LinkedHashMap<>();
    List<Plan> plans = new ArrayList<>();
    try (Context ctx = backend.newContext();
        Trial trial = Trials.of(desc, backend, ctx)) {
      for (Implementation<Desc<P>, P> i : candidates) {
        attempt(
            desc,
            i.name(),
            () -> {
              P plan = i.create().create(desc, options, i);
              plans.add(plan);
              Runnable step = trial.step(ctx, plan);
              ctx.time(step); // what is prepared at the first call
              steps.put(i.name(), step);
            });
      }
      return measure(ctx::time, steps);
    } catch (BlindspotException e) {
      report(desc, "nothing was measured", e); // no memory for the buffers
      return Map.of();
    } finally {
      plans.forEach(Plan::close);
    }
  }

  /**
   * Seconds of each step, the least of several samples taken in turn.
   *
   * @param clock runs a step and gives the seconds that it took
   */
  public static Map<String, Double> measure(
      ToDoubleFunction<Runnable> clock, Map<String, Runnable> steps) {
    Map<String, Double> least = new LinkedHashMap<>();
    Map<String, Integer> calls = new LinkedHashMap<>();
    steps.forEach(
        (name, step) -> {
          double once = clock.applyAsDouble(step);
          least.put(name, once);
          calls.put(name, (int) Math.max(1, Math.min(1000, SAMPLE / Math.max(once, 1e-9))));
        });
    for (int round = 0; round < ROUNDS; round++) {
      steps.forEach(
          (name, step) -> {
            int n = calls.get(name);
            double all =
                clock.applyAsDouble(
                    () -> {
                      for (int i = 0; i < n; i++) {
                        step.run();
                      }
                    });
            least.merge(name, all / n, Math::min);
          });
    }
    return least;
  }

  /** A candidate that cannot be made or executed is none, and that is reported. */
  private static void attempt(Desc<?> desc, String name, Runnable work) {
    try {
      work.run();
    } catch (BlindspotException e) {
      report(desc, name + " was not measured", e);
    }
  }

  private static void report(Desc<?> desc, String what, BlindspotException e) {
    System.getLogger("dev.blindspot.engine")
        .log(System.Logger.Level.INFO, "tune {0}: {1}: {2}", desc.summary(), what, e.getMessage());
  }
}
