package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import org.bytedeco.javacpp.Pointer;

/** What the plans of small legacy calls have in common: their descriptors and how they fail. */
final class LegacyPlan implements CudnnStatus.Doing {
  private final String summary;
  private final String name;
  private final Resources resources = new Resources();
  private AutoCloseable owned;

  LegacyPlan(String summary, String name) {
    this.summary = summary;
    this.name = name;
  }

  /** The reason why cuDNN's small calls refuse a type or so many elements, or "". */
  static String reasonWhyNot(ElementType type, double elements) {
    if (type != ElementType.F32 && type != ElementType.F64) {
      return "element type " + type + "; F32 and F64 are supported";
    }
    return elements > Integer.MAX_VALUE
        ? "a tensor of 2^31 elements or more; cuDNN's descriptors count in 31 bits"
        : "";
  }

  /** Keeps a descriptor until the plan is closed. */
  <T extends Pointer> T keep(Descriptor<T> descriptor) {
    return resources.add(descriptor).handle();
  }

  /** What the descriptors are kept in. */
  Resources resources() {
    return resources;
  }

  /** To be called once the plan is made. */
  void owned(LibraryBackend backend, Plan plan) {
    owned = backend.own(plan, resources);
  }

  void check(LibraryContext c, int status, String operation) {
    CudnnStatus.check(status, c, this, operation);
  }

  @Override
  public String doing(String operation) {
    return summary + ": " + operation + " (" + name + ")";
  }

  void close() {
    Resources.close(owned);
  }
}
