package dev.blindspot.bench.report;

import dev.blindspot.attacks.training.TestErrors;
import dev.blindspot.attacks.training.TrainingComparison;
import dev.blindspot.attacks.training.TrainingVariant;
import java.util.ArrayList;
import java.util.List;

/**
 * What a comparison of trainings found: the content of its JSON file, whose keys are these names in
 * snake case.
 *
 * @param format of the JSON file
 * @param version of the program
 * @param command as it was typed
 * @param device the backend's name
 * @param precision how products are formed
 * @param seed the first of the seeds
 * @param trainImages trained on
 * @param evaluatedOn "test", or "validation" for images held out from the training data
 * @param evaluatedImages their number
 * @param epochs of each training
 * @param poolSize examples of a pool
 * @param replaced of them, made anew each epoch
 * @param gradients for one adversarial example at most
 * @param seconds of the comparison; trainings that were kept cost none
 */
public record AdversarialTrainingResult(
    String format,
    String version,
    String command,
    String device,
    String precision,
    int threads,
    long seed,
    String model,
    String data,
    int trainImages,
    String evaluatedOn,
    int evaluatedImages,
    List<Long> seeds,
    int epochs,
    int poolSize,
    int replaced,
    int gradients,
    List<Variant> variants,
    double seconds) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-adv-train-1";

  /**
   * One training.
   *
   * @param name as on the command line
   * @param settings in words
   * @param errors shares of wrong labels, one for each seed
   * @param trainErrors the same on the training images
   * @param standardError of the mean; NaN for one seed
   * @param standardErrorsBelowDecay how far the mean lies below weight decay's, in standard errors
   *     of the difference; null without weight decay
   * @param paperError of the paper; null where it has none
   * @param trainSeconds of each training, whenever it was done
   */
  public record Variant(
      String name,
      String settings,
      List<Double> errors,
      double meanError,
      double standardError,
      List<Double> trainErrors,
      Double standardErrorsBelowDecay,
      Double paperError,
      List<Double> trainSeconds) {}

  /**
   * The variants of a comparison.
   *
   * @param likePaper true for the paper's data, whose numbers then stand beside ours
   */
  public static List<Variant> variants(List<TrainingComparison.Result> results, boolean likePaper) {
    TestErrors decay = null;
    for (TrainingComparison.Result r : results) {
      decay = r.variant() == TrainingVariant.WEIGHT_DECAY ? r.errors() : decay;
    }
    List<Variant> variants = new ArrayList<>();
    for (TrainingComparison.Result r : results) {
      boolean compared = decay != null && r.errors() != decay;
      variants.add(
          new Variant(
              r.variant().label(),
              r.settings().describe(r.variant()),
              r.errors().errors(),
              r.errors().mean(),
              r.errors().standardError(),
              r.trainErrors().errors(),
              compared ? r.errors().standardErrorsBelow(decay) : null,
              likePaper ? paperError(r.variant()) : null,
              r.seconds()));
    }
    return variants;
  }

  /** Section 4.1; for pools of each layer "below 1.2 %". */
  private static Double paperError(TrainingVariant variant) {
    return switch (variant) {
      case WEIGHT_DECAY -> 0.016;
      case DROPOUT -> 0.013;
      case INPUT_POOL -> null;
      case LAYER_POOLS -> 0.012;
    };
  }
}
