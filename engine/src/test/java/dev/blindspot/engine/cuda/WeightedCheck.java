package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Runs a convolution or dense layer on a backend and the reference, and compares element by
 * element. The allowed difference follows from the precision's rounding of the factors, the length
 * of the sums, and the sum of the magnitudes of an element's terms, which the reference computes
 * from the magnitudes of the inputs.
 */
final class WeightedCheck {
  private static final Backend REFERENCE = Backends.create("reference");
  private static final Context REFERENCE_CONTEXT = REFERENCE.newContext();

  /** Bytes that tensors lie beyond an aligned address. */
  private final long shift;

  private final Desc<? extends WeightedPlan> desc;
  private final Desc<? extends WeightedPlan> linear;
  private final ElementType type;
  private final long[] x;
  private final long[] w;
  private final long[] y;
  private final long k;
  private final long planned;
  private final Layout xLayout;
  private final Layout yLayout;
  private final double[] terms;

  private WeightedCheck(
      long shift,
      Desc<? extends WeightedPlan> desc,
      Desc<? extends WeightedPlan> linear,
      ElementType type,
      long[] x,
      long[] w,
      long[] y,
      Layout xLayout,
      Layout yLayout,
      double[] terms) {
    this.shift = shift;
    this.desc = desc;
    this.linear = linear;
    this.type = type;
    this.x = x;
    this.w = w;
    this.y = y;
    k = w[0];
    planned = x[0];
    this.xLayout = xLayout;
    this.yLayout = yLayout;
    this.terms = terms;
  }

  static WeightedCheck of(Conv2dDesc d, long shift) {
    PostOp[] post = d.post().stream().filter(p -> p != PostOp.RELU).toArray(PostOp[]::new);
    double channels = (double) d.c() / d.groups() * d.r() * d.s();
    double filters = (double) d.k() / d.groups() * d.r() * d.s();
    return new WeightedCheck(
        shift,
        d,
        d.post(post),
        d.type(),
        new long[] {d.n(), d.c(), d.h(), d.w()},
        new long[] {d.k(), d.c() / d.groups(), d.r(), d.s()},
        new long[] {d.n(), d.k(), d.p(), d.q()},
        d.xLayout(),
        d.yLayout(),
        new double[] {channels, filters, (double) d.n() * d.p() * d.q()});
  }

  static WeightedCheck of(LinearDesc d, long shift) {
    PostOp[] post = d.post().stream().filter(p -> p != PostOp.RELU).toArray(PostOp[]::new);
    return new WeightedCheck(
        shift,
        d,
        d.post(post),
        d.type(),
        new long[] {d.n(), d.c()},
        new long[] {d.k(), d.c()},
        new long[] {d.n(), d.k()},
        Layout.NCHW,
        Layout.NCHW,
        new double[] {d.c(), d.k(), d.n()});
  }

  /** What one execution of all directions reads. */
  private record Inputs(
      double[] x,
      double[] w,
      double[] b,
      double[] residual,
      double[] dy,
      double[] mask,
      double[] oldX,
      double[] oldW) {

    Inputs magnitudes() {
      return new Inputs(abs(x), abs(w), abs(b), abs(residual), abs(dy), mask, abs(oldX), abs(oldW));
    }

    private static double[] abs(double[] v) {
      return Arrays.stream(v).map(Math::abs).toArray();
    }
  }

  /** y, dx and dw. */
  private record Outputs(double[] y, double[] dx, double[] dw) {}

  /** Values as they are stored: integers -4..4, or normal numbers. */
  private double[] values(boolean integers, long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] v = new double[Math.toIntExact(Shape.of(dims).size())];
    Arrays.setAll(
        v,
        i ->
            integers
                ? random.nextInt(-4, 5)
                : type == F32 ? (float) random.nextGaussian() : random.nextGaussian());
    return v;
  }

  private static long[] batch(long n, long[] dims) {
    long[] d = dims.clone();
    d[0] = n;
    return d;
  }

  /** Checks an execution of n samples; gives the implementation of the forward direction. */
  void run(Backend backend, Context ctx, PlanOptions options, long n, boolean integers) {
    assertTrue(n <= planned);
    long[] xs = batch(n, x);
    long[] ys = batch(n, y);
    Inputs in =
        new Inputs(
            values(integers, 1, xs),
            values(integers, 2, w),
            values(integers, 3, k),
            values(integers, 4, ys),
            values(integers, 5, ys),
            values(integers, 6, xs),
            values(integers, 7, xs),
            values(integers, 8, w));
    Outputs got;
    try (WeightedPlan plan = backend.plan(desc, options)) {
      got = execute(backend, ctx, plan, in, n);
    }
    PlanOptions plain = PlanOptions.all().accumulate(options.accumulate());
    Outputs want = execute(REFERENCE, REFERENCE_CONTEXT, REFERENCE.plan(desc, plain), in, n);
    Outputs size =
        execute(REFERENCE, REFERENCE_CONTEXT, REFERENCE.plan(linear, plain), in.magnitudes(), n);
    String what = desc.summary() + " " + options + " batch " + n;
    double unit = unit(options.precision());
    compare(what + " forward", got.y, want.y, size.y, allowed(integers, unit, terms[0]));
    compare(what + " backward-data", got.dx, want.dx, size.dx, allowed(integers, unit, terms[1]));
    compare(
        what + " backward-weights", got.dw, want.dw, size.dw, allowed(integers, unit, terms[2]));
  }

  /** Relative rounding of a factor: hardware may cut TF32's bits off; our BF16 are rounded. */
  private static double unit(Precision precision) {
    return switch (precision) {
      case TF32 -> 0x1p-10;
      case BF16 -> 0x1p-8;
      default -> 0;
    };
  }

  /**
   * Relative to the sum of magnitudes: two rounded factors, and a sum in any order, of which tensor
   * cores may cut bits off.
   */
  private double allowed(boolean integers, double unit, double length) {
    double eps = (type == F32 ? 0x1p-24 : 0x1p-53) * (unit == 0 ? 2 : 8);
    return integers ? 0 : 2 * unit + unit * unit + (length + 8) * eps;
  }

  private static void compare(
      String what, double[] got, double[] want, double[] size, double allowed) {
    for (int i = 0; i < want.length; i++) {
      if (!(Math.abs(got[i] - want[i]) <= allowed * size[i])) {
        assertEquals(want[i], got[i], allowed * size[i], what + ", element " + i);
      }
    }
  }

  private Outputs execute(Backend backend, Context ctx, WeightedPlan plan, Inputs in, long n) {
    long bytes = 0;
    for (double[] v :
        new double[][] {in.x, in.w, in.b, in.residual, in.dy, in.mask, in.x, in.w, in.dy}) {
      bytes += TensorArena.bytes(ElementType.U8, (long) v.length * type.bytes() + shift);
    }
    try (TensorArena arena = backend.arena(bytes)) {
      long[] xs = batch(n, x);
      long[] ys = batch(n, y);
      Tensor tx = tensor(arena, xLayout, in.x, xs);
      Tensor tw = tensor(arena, Layout.NCHW, in.w, w);
      Tensor tb = tensor(arena, Layout.NCHW, in.b, k);
      Tensor tr = tensor(arena, yLayout, in.residual, ys);
      Tensor ty = tensor(arena, yLayout, nan(in.dy.length), ys);
      Tensor tdy = tensor(arena, yLayout, in.dy, ys);
      Tensor tm = tensor(arena, xLayout, in.mask, xs);
      boolean add = plan.options().accumulate();
      Tensor tdx = tensor(arena, xLayout, add ? in.oldX : nan(in.x.length), xs);
      Tensor tdw = tensor(arena, Layout.NCHW, add ? in.oldW : nan(in.w.length), w);
      try (PackedWeights p = plan.pack(ctx, tw)) {
        plan.forward(ctx, tx, p, tb, tr, ty);
        plan.backwardData(ctx, tdy, p, tm, tdx);
        plan.backwardWeights(ctx, tx, tdy, tdw);
        ctx.synchronize();
        return new Outputs(read(ty), read(tdx), read(tdw));
      }
    }
  }

  private static double[] nan(int n) {
    double[] v = new double[n];
    Arrays.fill(v, Double.NaN);
    return v;
  }

  private Tensor tensor(TensorArena arena, Layout layout, double[] v, long... dims) {
    Tensor raw = arena.tensor(ElementType.U8, (long) v.length * type.bytes() + shift);
    Tensor t = new Tensor(raw.storage(), raw.offset() + shift, type, Shape.of(dims), layout);
    if (type == F32) {
      float[] f = new float[v.length];
      for (int i = 0; i < v.length; i++) {
        f[i] = (float) v[i];
      }
      t.copyFrom(f);
    } else {
      t.copyFrom(v);
    }
    return t;
  }

  private double[] read(Tensor t) {
    double[] v = new double[(int) t.size()];
    if (type == F32) {
      float[] f = t.toFloats();
      Arrays.setAll(v, i -> f[i]);
    } else {
      t.copyTo(v);
    }
    return v;
  }
}
