package dev.blindspot.attacks.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Trains a network by several variants from the same seeds and measures each one's errors. */
public final class TrainingComparison {
  private static final int BATCH = 1000;

  private final Network network;
  private final Backend backend;
  private final VariantTrainer trainer;
  private final DataSet train;
  private final DataSet evaluated;

  /**
   * A variant's errors.
   *
   * @param errors on the samples evaluated, one for each seed
   * @param trainErrors on the training samples
   * @param seconds of each training
   * @param cached trainings that were read, not done now
   */
  public record Result(
      TrainingVariant variant,
      VariantSettings settings,
      TestErrors errors,
      TestErrors trainErrors,
      List<Double> seconds,
      int cached) {}

  /** Hears of a comparison's progress, on its thread. */
  public interface Listener {
    /** A training begins or is read; {@code run} counts from 0. */
    AdversarialTrainingListener begin(TrainingVariant variant, long seed, int run, int runs);

    /** It ended; {@code network} is closed behind this call. */
    void end(TrainingVariant variant, long seed, VariantTrainer.Trained trained, double error);
  }

  /**
   * @param trainer of the same network on {@code train}
   * @param evaluated samples that no training sees
   */
  public TrainingComparison(
      Network network, Backend backend, VariantTrainer trainer, DataSet train, DataSet evaluated) {
    this.network = network;
    this.backend = backend;
    this.trainer = trainer;
    this.train = train;
    this.evaluated = evaluated;
  }

  /**
   * Trains every variant from every seed, variant by variant.
   *
   * @param retrain ignore trainings that are kept
   */
  public List<Result> run(
      List<TrainingVariant> variants,
      Function<TrainingVariant, VariantSettings> settings,
      List<Long> seeds,
      boolean retrain,
      Listener listener) {
    if (seeds.isEmpty() || variants.isEmpty()) {
      throw new InvalidInputException(
          "Comparison of trainings: variants " + variants + " and seeds " + seeds + "; needs both");
    }
    List<Result> results = new ArrayList<>();
    int runs = variants.size() * seeds.size();
    for (TrainingVariant v : variants) {
      VariantSettings s = settings.apply(v);
      List<Double> errors = new ArrayList<>();
      List<Double> trainErrors = new ArrayList<>();
      List<Double> seconds = new ArrayList<>();
      int cached = 0;
      for (long seed : seeds) {
        int run = results.size() * seeds.size() + errors.size();
        AdversarialTrainingListener heard = listener.begin(v, seed, run, runs);
        try (VariantTrainer.Trained t = trainer.train(v, s, seed, retrain, heard)) {
          errors.add(error(t, evaluated));
          trainErrors.add(error(t, train));
          seconds.add(t.seconds());
          cached += t.cached() ? 1 : 0;
          listener.end(v, seed, t, errors.get(errors.size() - 1));
        }
      }
      results.add(
          new Result(v, s, new TestErrors(errors), new TestErrors(trainErrors), seconds, cached));
    }
    return results;
  }

  private double error(VariantTrainer.Trained t, DataSet data) {
    Evaluation e = Evaluation.of(network, t.parameters(), backend, data, BATCH);
    return (double) (data.size() - e.correct()) / data.size();
  }
}
