package dev.blindspot.attacks.training;

/** The trainings that Szegedy et al. 2013, section 4.1, compare on the same network. */
public enum TrainingVariant {
  /** Weight decay alone. */
  WEIGHT_DECAY("weight-decay"),
  /** Dropout of the input and of hidden units, with weight decay. */
  DROPOUT("dropout"),
  /** A pool of adversarial examples of the input, with weight decay and no dropout. */
  INPUT_POOL("input-pool"),
  /** A pool for the output of each layer, with weight decay and no dropout. */
  LAYER_POOLS("layer-pools");

  private final String label;

  TrainingVariant(String label) {
    this.label = label;
  }

  /** The name in files and on the command line. */
  public String label() {
    return label;
  }
}
