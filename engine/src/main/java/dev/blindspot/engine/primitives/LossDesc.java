package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * A loss on logits z [n,classes] with labels I32 [n].
 *
 * @param kappa of MARGIN; 0 for the others
 */
public record LossDesc(Loss loss, ElementType type, long n, long classes, double kappa)
    implements Desc<LossPlan> {

  public LossDesc {
    Check.floating("Loss", type);
    Check.positive("Loss", "n", n);
    Check.that(classes >= 2, "Loss " + loss + ": needs at least 2 classes, not " + classes);
    Check.that(
        kappa >= 0 && Double.isFinite(kappa) && (loss == Loss.MARGIN || kappa == 0),
        "Loss " + loss + ": kappa " + kappa);
  }

  public static LossDesc crossEntropy(ElementType type, long n, long classes) {
    return new LossDesc(Loss.CROSS_ENTROPY, type, n, classes, 0);
  }

  @Override
  public String summary() {
    return "Loss " + loss + " " + type + " z=[" + n + "," + classes + "]";
  }
}
