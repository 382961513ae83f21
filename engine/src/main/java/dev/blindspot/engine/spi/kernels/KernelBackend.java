package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.spi.Implementation;
import java.util.Locale;
import java.util.function.BiFunction;

/**
 * A backend with kernels of our own, found by name. Each takes one struct of eight-byte fields,
 * which is the same on every such backend.
 */
public interface KernelBackend extends Backend {

  /**
   * Handle of a kernel, for {@link KernelCall#execute}.
   *
   * @throws dev.blindspot.engine.BlindspotException if there is none of this name
   */
  long kernel(String name);

  /**
   * A call of a kernel on this context.
   *
   * @param workspaceBytes what the kernel needs of {@link KernelCall#putWorkspace}
   * @throws dev.blindspot.engine.InvalidInputException if the context is of another backend
   */
  KernelCall begin(Context ctx, Desc<?> desc, long workspaceBytes);

  /** How many of n independent tasks may run at once, each with workspace of its own. */
  long parallelTasks(long n);

  /**
   * Appends an implementation that keeps every guarantee, as "BACKEND:name".
   *
   * @param reasonWhyNot empty where the kernel supports desc and options; precisions that the
   *     kernel ignores are the backend's business
   */
  <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc,
      String name,
      BiFunction<D, PlanOptions, String> reasonWhyNot,
      Implementation.Factory<D, P> factory);

  /** The reason why a kernel that has only F32 refuses a type, or "". */
  static String onlyF32(ElementType type) {
    return type == ElementType.F32 ? "" : "element type " + type + "; the kernel has F32 only";
  }

  /** "_f32" or "_f64". */
  static String suffix(ElementType type) {
    return "_" + type.name().toLowerCase(Locale.ROOT);
  }
}
