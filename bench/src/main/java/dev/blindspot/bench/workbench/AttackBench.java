package dev.blindspot.bench.workbench;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.attacks.ProjectedGradientDescent;
import dev.blindspot.bench.peer.Peer;
import dev.blindspot.bench.peer.PeerNetwork;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.workbench.BenchResult.PeerTimes;
import dev.blindspot.bench.workbench.BenchResult.Row;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.data.NearestName;
import dev.blindspot.nn.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Measures whole attack steps on networks of the zoo with random parameters. The time of fast
 * gradient steps and projected gradient descent is the slope over the number of steps, so that
 * preparing the attack (planning the network, loading the samples; rounding errors are analysed
 * before) is not in it; that of L-BFGS, whose steps differ, is the whole attack's.
 */
public final class AttackBench {
  /** Radius so small that no sample finishes early: each step is all samples' gradients. */
  private static final double EPS = 1e-6;

  private static final int MOST = 10_000;

  /** Times of preparing an attack that a series takes at least. */
  private static final double LONG = 5;

  /** The attacks, with the steps of one execution. */
  private static final Map<String, Integer> STEPS =
      Map.of("fgsm", 1, "pgd10", 10, "pgd40", 40, "lbfgs", 1);

  private final Backend backend;
  private final double seconds;
  private final Peer peer;
  private final double peak;

  /** Times of preparing the attack under measurement and taking one step. */
  private final List<Double> preparing = new ArrayList<>();

  /**
   * On a backend.
   *
   * @param seconds of each measurement, about; 0 for a single execution
   * @param peer to compare with; may be null
   * @param peak GFLOP/s that the machine reaches
   */
  public AttackBench(Backend backend, double seconds, Peer peer, double peak) {
    this.backend = backend;
    this.seconds = seconds;
    this.peer = peer;
    this.peak = peak;
  }

  /**
   * Measures each attack on each network with each batch.
   *
   * @param heard told each row and how many there will be
   */
  public List<Row> run(
      List<String> models,
      List<String> attacks,
      List<Integer> batches,
      BiConsumer<Row, Integer> heard) {
    List<Row> rows = new ArrayList<>();
    for (String model : models) {
      for (int batch : batches) {
        try (AttackSubject subject = new AttackSubject(backend, model, batch)) {
          for (String attack : attacks) {
            Row row = measure(subject, attack);
            rows.add(row);
            heard.accept(row, models.size() * attacks.size() * batches.size());
          }
        }
      }
    }
    return rows;
  }

  /**
   * Checks what {@link #run} will be given.
   *
   * @throws InvalidInputException for a network or attack that is not known, or a batch of no use
   */
  public static void check(List<String> models, List<String> attacks, List<Integer> batches) {
    for (String m : models) {
      if (!Zoo.names().contains(m)) {
        throw new InvalidInputException(
            "network '" + m + "' is not known" + NearestName.suggestion(m, Zoo.names()));
      }
    }
    for (String a : attacks) {
      if (!STEPS.containsKey(a)) {
        throw new InvalidInputException(
            "attack '" + a + "' is not known" + NearestName.suggestion(a, STEPS.keySet()));
      }
    }
    for (int b : batches) {
      if (b < 1 || b > MOST) {
        throw new InvalidInputException("a batch must be 1 to " + MOST + ", not " + b);
      }
    }
  }

  private Row measure(AttackSubject subject, String attack) {
    preparing.clear();
    Timed steps = attack.equals("lbfgs") ? lbfgs(subject) : descent(subject, STEPS.get(attack));
    List<Timed> ours = List.of(steps, subject.bare());
    if (peer == null || attack.equals("lbfgs")) {
      PeerTimes none =
          peer == null
              ? null
              : PeerTimes.skipped(peer.name(), "no peer has a batched L-BFGS with a box");
      return row(subject, attack, Sampling.alternating(ours, seconds), none);
    }
    Path file = null;
    try {
      file = Files.createTempFile("blindspot-network", ".bin");
      PeerRun.Outcome o =
          new PeerRun(peer, seconds)
              .measure(
                  problem(subject, STEPS.get(attack), file),
                  ours,
                  new PeerRun.Expected(subject.gradient(), subject.batch(), Workbench.STRICT),
                  null);
      return row(subject, attack, o.ours(), o.times());
    } catch (IOException e) {
      throw new BlindspotException("The network cannot be written: " + e.getMessage(), e);
    } finally {
      delete(file);
    }
  }

  private static void delete(Path file) {
    if (file != null) {
      file.toFile().delete();
    }
  }

  private static PeerProblem problem(AttackSubject s, int steps, Path file) {
    PeerNetwork network =
        new PeerNetwork(
            file.toString(),
            PeerNetworks.write(s.network(), s.parameters(), file),
            EPS,
            stepSize(steps),
            steps,
            Arrays.stream(s.labels()).boxed().toList());
    return new PeerProblem(
        "attack",
        "STEP",
        Map.of(
            "n",
            s.batch(),
            "c",
            (int) s.network().inputShape().dim(0),
            "h",
            (int) s.network().inputShape().dim(1),
            "w",
            (int) s.network().inputShape().dim(2)),
        network);
  }

  private static double stepSize(int steps) {
    return steps == 1 ? EPS : 2.5 * EPS / steps;
  }

  /** Microseconds of so many steps as the attack has, from the slope. */
  private Timed descent(AttackSubject subject, int steps) {
    int[] least = {0};
    return count -> {
      if (least[0] == 0 && seconds > 0) {
        least[0] = executions(subject, steps);
      }
      int executions = Math.max(count, least[0]);
      double all = descentMicros(subject, steps, executions * steps + 1);
      double one = descentMicros(subject, steps, 1);
      preparing.add(one);
      return (all - one) / executions;
    };
  }

  /** So many that their time is long against preparing the attack. */
  private int executions(AttackSubject subject, int steps) {
    descentMicros(subject, steps, 1);
    int executions = 1;
    for (; ; ) {
      double one = descentMicros(subject, steps, 1);
      double all = descentMicros(subject, steps, executions * steps + 1);
      double preparing = one - (all - one) / (executions * steps);
      if (all - one > LONG * preparing) {
        return executions;
      }
      executions *= 2;
    }
  }

  private double descentMicros(AttackSubject subject, int steps, int taken) {
    ProjectedGradientDescent attack =
        new ProjectedGradientDescent(Norm.LINF, EPS, stepSize(steps), taken, 1, false);
    AttackResult[] r = new AttackResult[1];
    double micros = subject.micros(() -> r[0] = attack.run(subject.problem()));
    for (AttackResult.Sample s : r[0].samples()) {
      if (s.evaluations() != taken) {
        throw new BlindspotException(
            "bench attack: a sample took "
                + s.evaluations()
                + " gradients of "
                + taken
                + " ("
                + s.stop()
                + "), so that the time is not that of whole steps");
      }
    }
    return micros;
  }

  /** Microseconds of one gradient of each sample. */
  private Timed lbfgs(AttackSubject subject) {
    AttackProblem problem = subject.problem();
    return count -> {
      double micros = 0;
      for (int i = 0; i < count; i++) {
        AttackResult[] r = new AttackResult[1];
        double all = subject.micros(() -> r[0] = LbfgsAttack.defaults().run(problem));
        micros += all / r[0].meanEvaluations();
      }
      return micros / count;
    };
  }

  private static double median(List<Double> times) {
    return times.stream().sorted().skip(times.size() / 2).findFirst().orElseThrow();
  }

  /** A row from the times of the attack and of the bare passes. */
  private Row row(AttackSubject s, String attack, List<Sampling> samplings, PeerTimes beside) {
    int steps = STEPS.get(attack);
    Sampling sampling = samplings.get(0);
    double bare = samplings.get(1).median();
    double step = sampling.median() / steps;
    double operations = 2 * PeerNetworks.operations(s.network()) * s.batch();
    double gflops = operations / step / 1e3;
    return new Row(
        "attack",
        s.model() + "-" + attack + "-b" + s.batch(),
        s.model(),
        attack.toUpperCase(java.util.Locale.ROOT),
        "f32",
        "FP32",
        s.implementations(),
        sampling.min(),
        sampling.median(),
        sampling.spread(),
        gflops,
        null,
        gflops / peak,
        null,
        null,
        s.batch() / step * 1e6,
        step / bare,
        preparing.isEmpty() ? null : (Double) (median(preparing) - step),
        null,
        beside);
  }
}
