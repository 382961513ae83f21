package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.DeviceWeights;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;
import dev.blindspot.engine.spi.layers.SplitWeighted;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Backward-data to 1 to 4 input channels by conv.cu, the first layer's input gradient; mask and
 * accumulation in the same kernel. In FP32 whatever precision is asked for. Other directions of the
 * same plan are left to the list.
 */
final class FewChannelsConv2d extends CheckedWeighted<Conv2dDesc> implements Conv2dPlan {
  private static final String NAME = "cuda:conv-few-channels";
  private static final int MOST_CHANNELS = 4;

  // As in conv.cu.
  private static final int TILE_ROWS = 8;
  private static final int TILE_COLUMNS = 32;
  private static final int GROUPS = 4;
  private static final int DY_FLOATS = 6144;
  private static final int TAP_FLOATS = 4096;

  private final LibraryBackend backend;
  private final long kernel;
  private final String form;
  private final DeviceWeights.Packing packing;

  static void register(LibraryBackend backend) {
    backend.add(
        Conv2dDesc.class,
        new Implementation<>(
            NAME,
            EnumSet.allOf(Guarantee.class),
            FewChannelsConv2d::reasonWhyNot,
            (d, o, i) -> create(backend, d, o, i)));
  }

  private static String reasonWhyNot(Conv2dDesc d, PlanOptions o) {
    if (!o.directions().contains(Direction.BACKWARD_DATA)) {
      return "only backward-data";
    }
    if (!o.implementation().isEmpty() && o.directions().size() > 1) {
      return "only backward-data, and no other implementation may do the rest";
    }
    if (d.c() > MOST_CHANNELS) {
      return d.c() + " input channels; the kernel is for " + MOST_CHANNELS + " at most";
    }
    if (d.groups() > 1 || d.dilationH() > 1 || d.dilationW() > 1) {
      return "groups or dilation; the kernel has neither";
    }
    int down = taps(d.r(), d.strideH());
    int across = taps(d.s(), d.strideW());
    long dy = (TILE_ROWS + down - 1L) * (TILE_COLUMNS + across + 3L);
    if (GROUPS * dy > DY_FLOATS || GROUPS * 4L * down * across > TAP_FLOATS) {
      return "a window of " + d.r() + "x" + d.s() + "; it does not fit into shared memory";
    }
    String forward =
        o.directions().contains(Direction.FORWARD) ? PostOps.reasonWhyNot(d.post()) : "";
    return forward.isEmpty() ? KernelBackend.onlyF32(d.type()) : forward;
  }

  /** Taps of the phase that has most. */
  private static int taps(int window, int stride) {
    return (window - 1) / stride + 1;
  }

  private static Conv2dPlan create(
      LibraryBackend backend,
      Conv2dDesc d,
      PlanOptions o,
      Implementation<Conv2dDesc, Conv2dPlan> i) {
    PlanOptions own = o.only(Set.of(Direction.BACKWARD_DATA));
    Set<Direction> others = EnumSet.copyOf(o.directions());
    others.remove(Direction.BACKWARD_DATA);
    if (others.isEmpty()) {
      return new FewChannelsConv2d(backend, d, own, i);
    }
    Map<Direction, WeightedPlan> parts = new EnumMap<>(Direction.class);
    Conv2dPlan rest = backend.plan(d, o.only(others));
    others.forEach(direction -> parts.put(direction, rest));
    parts.put(Direction.BACKWARD_DATA, new FewChannelsConv2d(backend, d, own, i));
    return (Conv2dPlan) SplitWeighted.of(d, o, parts);
  }

  private FewChannelsConv2d(
      LibraryBackend backend, Conv2dDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    kernel =
        backend.kernel("conv_backward_" + d.c() + (d.c() == 1 ? "_channel_f32" : "_channels_f32"));
    form = "w F32 [" + d.k() + "," + d.c() + "," + d.r() + "," + d.s() + "]";
    long bytes = ElementType.F32.bytes() * sizes().w();
    packing = (c, from, to) -> c.copy(to.address(), from, bytes);
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return DeviceWeights.filled(
        backend, form, ElementType.F32.bytes() * sizes().w(), made -> update(ctx, made, w));
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    DeviceWeights.of(this, backend, p, form).fill(backend, ctx, this, w, packing);
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    DeviceWeights w = DeviceWeights.of(this, backend, p, form);
    Conv2dDesc d = desc();
    long down = tiles(d.h(), d.strideH(), TILE_ROWS);
    long across = tiles(d.w(), d.strideW(), TILE_COLUMNS);
    LibraryContext c = backend.begin(ctx, d, 0);
    long weights = w.use(c);
    c.put(n * d.strideH() * d.strideW() * down * across)
        .put(d.c())
        .put(d.h())
        .put(d.w())
        .put(d.k())
        .put(d.r())
        .put(d.s())
        .put(d.strideH())
        .put(d.strideW())
        .put(d.padTop())
        .put(d.padLeft())
        .put(d.p())
        .put(d.q())
        .put(down)
        .put(across)
        .put(d.xLayout() == Layout.NHWC)
        .put(d.yLayout() == Layout.NHWC)
        .put(PostOps.gradientFlags(options().accumulate(), mask != null))
        .put(dy)
        .put(weights)
        .put(mask)
        .put(dx)
        .execute(kernel);
  }

  /** Tiles of one dimension of a phase. */
  private static long tiles(int cells, int stride, int tile) {
    long positions = (cells - 1) / stride + 1;
    return (positions + tile - 1) / tile;
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    planned(Direction.FORWARD); // never is
  }
}
