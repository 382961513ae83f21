package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;

/** Copies a tensor [n,c,h,w] from one layout to another. */
public record ReorderDesc(ElementType type, long n, int c, int h, int w, Layout from, Layout to)
    implements Desc<ReorderPlan> {

  public ReorderDesc {
    Check.positive("Reorder", "n", n);
    Check.positive("Reorder", "c", c);
    Check.positive("Reorder", "h", h);
    Check.positive("Reorder", "w", w);
    Check.that(from != Layout.ANY && to != Layout.ANY, "Reorder: layouts must be concrete");
  }

  @Override
  public String summary() {
    return "Reorder " + type + " x=[" + n + "," + c + "," + h + "," + w + "] " + from + "->" + to;
  }
}
