package dev.blindspot.bench.cli;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.Distortion;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.Certificate;
import dev.blindspot.attacks.bounds.MarginCertifier;
import dev.blindspot.attacks.bounds.NetworkBound;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.AuditResult;
import dev.blindspot.bench.report.AuditResult.LayerRow;
import dev.blindspot.bench.report.AuditResult.Sample;
import dev.blindspot.bench.report.Picture;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.training.Predictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** One audit: choose examples, attack, confirm, certify, put together. */
final class Audit {
  private static final int PICTURES = 24;

  /** Batch for which the implementations are listed. */
  private static final int IMPLEMENTATIONS_BATCH = 32;

  private final BlindspotCommand command;
  private final Backend backend;
  private final Subject subject;
  private final DataSplit data;
  private final int wanted;
  private final boolean targeted;
  private Examples examples;
  private Attacked attacked;
  private List<Sample> samples;
  private Map<String, String> implementations;

  Audit(
      BlindspotCommand command,
      Backend backend,
      Subject subject,
      DataSplit data,
      int wanted,
      boolean targeted) {
    this.command = command;
    this.backend = backend;
    this.subject = subject;
    this.data = data;
    this.wanted = wanted;
    this.targeted = targeted;
  }

  /**
   * Does everything.
   *
   * @param began when the command began, of {@link System#nanoTime}
   */
  AuditResult run(long began) {
    double accuracy = chooseExamples();
    int[] targets = targeted ? examples.randomTargets(data.test().classes(), command.seed) : null;
    attacked = Attacks.run(LbfgsAttack.defaults(), command, backend, subject, examples, targets);
    long boundsBegan = System.nanoTime();
    command.say("Certifying " + examples.count() + " examples");
    MarginCertifier certifier =
        new MarginCertifier(
            subject.network(),
            subject.parameters(),
            BoundsOptions.defaults().threads(command.threadCount()).backend(backend));
    List<Certificate> certificates = certifier.certify(examples.images(), examples.labels());
    double boundsSeconds = seconds(boundsBegan);
    samples = samples(certificates);
    NetworkBound bound = certifier.bound();
    return new AuditResult(
        AuditResult.FORMAT,
        Version.program(),
        command.commandLine(),
        backend.name(),
        Precision.FP32.name(),
        command.threadCount(),
        command.seed,
        implementations,
        new AuditResult.Model(
            subject.name(), subject.network().parameterCount(), subject.network().nodes().size()),
        new AuditResult.Data(data.name(), examples.count()),
        new AuditResult.Clean(accuracy),
        attackNumbers(),
        bounds(bound, certifier),
        samples,
        new AuditResult.Seconds(
            subject.trainSeconds(), attacked.seconds(), boundsSeconds, seconds(began)));
  }

  /** Predicts the test split; returns the accuracy. */
  private double chooseExamples() {
    DataSet test = data.test();
    int[] predicted;
    try (Predictor p =
        new Predictor(backend, subject.network(), subject.parameters(), test.size())) {
      predicted = p.labels(test);
    }
    int right = 0;
    for (int i = 0; i < predicted.length; i++) {
      right += predicted[i] == test.label(i) ? 1 : 0;
    }
    examples = Examples.choose(test, predicted, wanted, command.seed);
    implementations = implementations();
    if (examples.count() < wanted) {
      command.say(
          "Only " + examples.count() + " test examples are classified correctly; all are attacked");
    }
    return (double) right / predicted.length;
  }

  /** What computes the network and its input gradients, by layer. */
  private Map<String, String> implementations() {
    int batch = Math.min(examples.count(), IMPLEMENTATIONS_BATCH);
    try (NetworkPlan plan =
        subject.network().plan(backend, subject.parameters(), batch, AttackProblem.planning())) {
      return plan.implementations();
    }
  }

  private List<Sample> samples(List<Certificate> certificates) {
    List<Sample> list = new ArrayList<>();
    for (int i = 0; i < examples.count(); i++) {
      int label = examples.labels()[i];
      Distortion d = attacked.distortion(i);
      Certificate c = certificates.get(i);
      list.add(
          new Sample(
              examples.index()[i],
              label,
              label,
              attacked.target(i),
              attacked.answer(i),
              attacked.success(i),
              d.l2(),
              d.linf(),
              d.rms(),
              c.radius(),
              c.realRadius(),
              c.certified() ? null : c.reason(),
              attacked.sample(i).evaluations(),
              attacked.stopped(i)));
    }
    return list;
  }

  private AuditResult.Attack attackNumbers() {
    List<Sample> won = samples.stream().filter(Sample::success).toList();
    return new AuditResult.Attack(
        attacked.result().attack(),
        attacked.result().norm().name(),
        targeted,
        (double) won.size() / samples.size(),
        won.stream().mapToDouble(Sample::rms).average().orElse(Double.NaN),
        median(won.stream().mapToDouble(Sample::l2).toArray()),
        attacked.result().meanEvaluations());
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int n = values.length;
    return n == 0 ? Double.NaN : (values[(n - 1) / 2] + values[n / 2]) / 2;
  }

  private static AuditResult.Bounds bounds(NetworkBound bound, MarginCertifier certifier) {
    List<LayerRow> rows =
        bound.layers().stream()
            .map(b -> new LayerRow(b.name(), b.kind(), b.lower(), b.upper(), b.method()))
            .toList();
    String statement =
        bound.statement()
            + "; certified_l2: "
            + certifier.statement()
            + "; certified_l2_real: "
            + certifier.realStatement();
    return new AuditResult.Bounds(statement, rows, bound.upper());
  }

  /** The first examples with an adversarial, if they are grey or colour images. */
  List<Picture> pictures() {
    Shape s = data.test().sampleShape();
    List<Picture> list = new ArrayList<>();
    if (s.dim(0) != 1 && s.dim(0) != 3) {
      return list;
    }
    int size = examples.sampleSize();
    for (int i = 0; i < samples.size() && list.size() < PICTURES; i++) {
      if (samples.get(i).success()) {
        list.add(
            new Picture(
                i,
                (int) s.dim(0),
                (int) s.dim(1),
                (int) s.dim(2),
                Arrays.copyOfRange(examples.images(), i * size, (i + 1) * size),
                Arrays.copyOfRange(attacked.result().adversarials(), i * size, (i + 1) * size)));
      }
    }
    return list;
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }
}
