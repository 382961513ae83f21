package dev.blindspot.engine.spi;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import java.util.Set;

/**
 * What every plan has, with the checks of an execution. The checks allocate nothing unless they
 * fail.
 */
public abstract class BasePlan<D extends Desc<?>> implements Plan {
  private final Backend backend;
  private final D desc;
  private final PlanOptions options;
  private final String implementation;
  private final Set<Guarantee> guarantees;

  protected BasePlan(Backend backend, D desc, PlanOptions options, Implementation<?, ?> chosen) {
    this.backend = backend;
    this.desc = desc;
    this.options = options;
    this.implementation = chosen.name();
    this.guarantees = Set.copyOf(chosen.guarantees());
  }

  @Override
  public D desc() {
    return desc;
  }

  @Override
  public PlanOptions options() {
    return options;
  }

  @Override
  public String implementation(Direction direction) {
    planned(direction);
    return implementation;
  }

  @Override
  public Set<Guarantee> guarantees(Direction direction) {
    planned(direction);
    return guarantees;
  }

  @Override
  public long workspaceBytes() {
    return 0;
  }

  /** False where a channel's place counts: tensors in {@link Layout#NHWC} are refused. */
  protected boolean acceptsChannelsLast() {
    return true;
  }

  /** Refuses a direction that was not asked for at plan time. */
  protected final void planned(Direction direction) {
    if (!options.directions().contains(direction)) {
      throw new InvalidInputException(
          desc.summary() + ": " + direction + " was not planned, only " + options.directions());
    }
  }

  /**
   * Refuses a tensor of another backend, type or row length, and a batch that is empty or beyond
   * the plan's.
   */
  protected final long batch(String name, Tensor t, ElementType type, long maximum, long length) {
    present(name, t, type);
    long n = t.n();
    if (n < 1 || n > maximum || t.size() != n * length) {
      throw new InvalidInputException(
          desc.summary()
              + ": "
              + name
              + " is "
              + t
              + "; planned are 1.."
              + maximum
              + " rows of "
              + length);
    }
    return n;
  }

  /** Refuses a tensor that does not have exactly n rows of {@code length} elements. */
  protected final void rows(String name, Tensor t, ElementType type, long n, long length) {
    present(name, t, type);
    if (t.n() != n || t.size() != n * length) {
      throw new InvalidInputException(
          desc.summary() + ": " + name + " is " + t + "; expected " + n + " rows of " + length);
    }
  }

  /** Refuses a tensor that does not have exactly this many elements. */
  protected final void elements(String name, Tensor t, ElementType type, long size) {
    present(name, t, type);
    if (t.size() != size) {
      throw new InvalidInputException(
          desc.summary() + ": " + name + " is " + t + "; expected " + size + " elements");
    }
  }

  /** Refuses an output that overlaps an input; {@code same} allows exactly the same memory. */
  protected final void distinct(
      String outName, Tensor out, String inName, Tensor in, boolean same) {
    if (in == null || out.storage() != in.storage()) {
      return;
    }
    long a = out.offset();
    long b = in.offset();
    boolean apart =
        a + out.size() * out.type().bytes() <= b || b + in.size() * in.type().bytes() <= a;
    if (!apart && !(same && a == b && out.size() == in.size())) {
      throw new InvalidInputException(
          desc.summary() + ": " + outName + " " + out + " overlaps " + inName + " " + in);
    }
  }

  private void present(String name, Tensor t, ElementType type) {
    if (t == null) {
      throw new InvalidInputException(desc.summary() + ": " + name + " is missing");
    }
    if (t.type() != type) {
      throw new InvalidInputException(
          desc.summary() + ": " + name + " is " + t + "; expected element type " + type);
    }
    if (t.backend() != backend) {
      throw new InvalidInputException(
          desc.summary()
              + ": "
              + name
              + " lives on another backend ("
              + t.backend().name()
              + "); copy it first");
    }
    if (t.layout() == Layout.NHWC && !acceptsChannelsLast()) {
      throw new InvalidInputException(
          desc.summary() + ": " + name + " is " + t + "; the layout must be NCHW (reorder first)");
    }
    t.storage().checkOpen();
  }
}
