package dev.blindspot.attacks.training;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.training.Recipe;

/**
 * How a variant trains.
 *
 * @param recipe optimiser, epochs, weight decay
 * @param inputDropout rate for the input; of DROPOUT only
 * @param hiddenDropout rate for hidden units; of DROPOUT only
 * @param pools of the variants with pools; their layers are the variant's
 */
public record VariantSettings(
    Recipe recipe, double inputDropout, double hiddenDropout, AdversarialTrainingOptions pools) {

  public VariantSettings {
    if (!(inputDropout >= 0 && inputDropout < 1 && hiddenDropout >= 0 && hiddenDropout < 1)) {
      throw new InvalidInputException(
          "dropout of the input "
              + inputDropout
              + " and of hidden units "
              + hiddenDropout
              + " must be in [0,1)");
    }
  }

  /**
   * What was chosen for fc100-100-10 on MNIST, by the error on 10,000 images held out from the
   * training data, never by the test images.
   */
  public static VariantSettings defaults(TrainingVariant variant) {
    boolean dropout = variant == TrainingVariant.DROPOUT;
    Recipe recipe = Recipe.adam(40, 100, 3e-3, dropout ? 1e-6 : 1e-4);
    AdversarialTrainingOptions pools = AdversarialTrainingOptions.defaults();
    if (variant == TrainingVariant.INPUT_POOL) {
      pools = pools.share(pools.batch(), 0.02);
    }
    return new VariantSettings(recipe, 0, dropout ? 0.1 : 0, pools);
  }

  /** The same for so many epochs. */
  public VariantSettings epochs(int e) {
    return new VariantSettings(recipe.epochs(e), inputDropout, hiddenDropout, pools);
  }

  /** The same with other pools. */
  public VariantSettings pools(AdversarialTrainingOptions p) {
    return new VariantSettings(recipe, inputDropout, hiddenDropout, p);
  }

  /** What of this a variant uses, in words, for reports and identities. */
  public String describe(TrainingVariant variant) {
    return switch (variant) {
      case WEIGHT_DECAY -> recipe.toString();
      case DROPOUT -> recipe + " dropout " + inputDropout + " " + hiddenDropout;
      case INPUT_POOL, LAYER_POOLS -> recipe + " " + pools;
    };
  }
}
