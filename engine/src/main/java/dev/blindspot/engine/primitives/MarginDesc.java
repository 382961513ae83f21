package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/** Margin of a label: z[i,label] - max_{j != label} z[i,j]; positive if the label wins alone. */
public record MarginDesc(ElementType type, long n, long classes) implements Desc<MarginPlan> {

  public MarginDesc {
    Check.floating("Margin", type);
    Check.positive("Margin", "n", n);
    Check.that(classes >= 2, "Margin: needs at least 2 classes, not " + classes);
  }

  @Override
  public String summary() {
    return "Margin " + type + " z=[" + n + "," + classes + "]";
  }
}
