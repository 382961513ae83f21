package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.kernels.Kernels;
import java.util.EnumSet;
import java.util.List;
import java.util.function.BiFunction;

/**
 * The kernels tile_*.cpp, which form products of float32 numbers from bfloat16 parts in the tiles
 * of AMX: by the processor's instructions, or emulated, which is for tests of all that is around
 * the instructions, and is only used if it is asked for by name.
 */
final class TileKernels {
  /** Depth of a sum in tiles; see tile_product.h. */
  static final int BLOCK = 512;

  static final int CHUNK = 32;
  static final int PANEL = 32;
  static final int TILE_BYTES = 1024;
  static final int GUARD_BYTES = PANEL * 16 + 64;
  private static final int LEFT_PANELS = 8;

  /** Level of the kernels with AMX instructions. */
  private static final int AMX = 3;

  private final CpuBackend backend;
  private final boolean emulated;
  private final String prefix;

  private TileKernels(CpuBackend backend, boolean emulated) {
    this.backend = backend;
    this.emulated = emulated;
    prefix = emulated ? "cpu:emulated-amx-" : "cpu:amx-";
  }

  /** Both kinds, that of the processor first. */
  static List<TileKernels> of(CpuBackend backend) {
    return List.of(new TileKernels(backend, false), new TileKernels(backend, true));
  }

  /** Why this process cannot use AMX, or "". Asks the operating system for it, once. */
  static String reasonWithoutAmx() {
    return Permission.REASON == null ? "" : Permission.REASON;
  }

  /** Asked for only when somebody wants to know: AMX makes every thread's state larger. */
  private static final class Permission {
    static final String REASON = Kernels.amxReason();
  }

  CpuBackend backend() {
    return backend;
  }

  long kernel(String name) {
    return emulated ? backend.kernel(name) : Kernels.find(AMX, name);
  }

  /** Appends an implementation of forward and backward-data. */
  <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc,
      String name,
      BiFunction<D, PlanOptions, String> reasonWhyNot,
      Implementation.Factory<D, P> factory) {
    backend.add(
        desc,
        new Implementation<>(
            prefix + name,
            EnumSet.allOf(Guarantee.class),
            (d, o) -> {
              String reason = reasonWhyNot(o);
              return reason.isEmpty() ? reasonWhyNot.apply(d, o) : reason;
            },
            factory));
  }

  private String reasonWhyNot(PlanOptions o) {
    if (o.precision() == Precision.FP32 || o.precision() == Precision.TF32) {
      return "products are formed in BF16X6, BF16X3 and BF16, not " + o.precision();
    }
    if (o.directions().contains(Direction.BACKWARD_WEIGHTS)) {
      return "gradients of weights are formed in FP32 only; plan them apart";
    }
    if (o.boundsForward()) {
      return "float32's error bounds are asked for; products of parts have others";
    }
    if (emulated) {
      return o.implementation().startsWith("cpu:emulated")
          ? ""
          : "emulation, for tests; ask for it by its name";
    }
    if (backend.width() < 16) {
      return "AMX needs AVX-512; this backend was made for " + backend.levelName();
    }
    return reasonWithoutAmx();
  }

  /** The reason why a type is refused, or "". */
  static String reasonWhyNot(ElementType type) {
    return KernelBackend.onlyF32(type);
  }

  /** How many bfloat16 numbers stand for each float32. */
  static int parts(Precision precision) {
    return switch (precision) {
      case BF16X6 -> 3;
      case BF16X3 -> 2;
      case BF16 -> 1;
      default -> throw new IllegalArgumentException(precision + " has no parts");
    };
  }

  /** Bytes of a packed right operand n wide and k deep. */
  static long packedBytes(long n, long k, int parts) {
    long tiles = Blocks.ceil(k, CHUNK) * parts * 2 * TILE_BYTES;
    return Blocks.ceil(n, PANEL) * (tiles + Blocks.ceil(k, BLOCK) * GUARD_BYTES);
  }

  /** Bytes of a packed right operand of which one block is packed at a time. */
  static long blockBytes(long n, long k, int parts) {
    return packedBytes(n, Math.min(k, BLOCK), parts);
  }

  /** What each thread needs to pack a panel. */
  static long panelBytes() {
    return PANEL * BLOCK * 4;
  }

  /** What each thread needs to pack its rows of a left operand. */
  static long leftBytes(int parts) {
    long panel = (long) BLOCK / CHUNK * parts * 2 * TILE_BYTES + GUARD_BYTES;
    return LEFT_PANELS * panel + panelBytes();
  }
}
