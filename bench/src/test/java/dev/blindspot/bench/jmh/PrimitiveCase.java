package dev.blindspot.bench.jmh;

import static dev.blindspot.engine.ElementType.F32;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.CastDesc;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.ContrastNormDesc;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexOp;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.ReorderDesc;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.primitives.SignStepDesc;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.primitives.SortDesc;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.List;
import java.util.SplittableRandom;

/** A primitive with a shape and random data. Owns its context and tensors. */
final class PrimitiveCase implements AutoCloseable {
  private static final int N = 64;
  private static final int C = 16;
  private static final int SIDE = 14;
  private static final int PIXELS = SIDE * SIDE;
  private static final int LENGTH = C * PIXELS;
  private static final int CLASSES = 10;
  private static final PlanOptions ALL = PlanOptions.forward();

  private final Backend backend;
  private final Context ctx;
  private final TensorArena arena;
  private final SplittableRandom random = new SplittableRandom(1);
  private PackedWeights packed;
  private Runnable body;

  private PrimitiveCase(Backend backend) {
    this.backend = backend;
    ctx = backend.newContext();
    arena = backend.arena(1 << 26);
  }

  /** The case of this name. */
  static PrimitiveCase of(Backend backend, String name) {
    PrimitiveCase c = new PrimitiveCase(backend);
    c.body = c.weighted(name);
    c.body = c.body == null ? c.layer(name) : c.body;
    c.body = c.body == null ? c.classification(name) : c.body;
    c.body = c.body == null ? c.rows(name) : c.body;
    if (c.body == null) {
      c.close();
      throw new InvalidInputException("There is no benchmark of '" + name + "'");
    }
    return c;
  }

  void execute() {
    body.run();
  }

  @Override
  public void close() {
    if (packed != null) {
      packed.close();
    }
    arena.close();
    ctx.close();
  }

  private Tensor tensor(long... dims) {
    Tensor t = arena.tensor(F32, dims);
    float[] f = new float[Math.toIntExact(t.size())];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) (random.nextDouble() + 0.1);
    }
    return t.copyFrom(f);
  }

  private Tensor image() {
    return tensor(N, C, SIDE, SIDE);
  }

  private Tensor rows() {
    return tensor(N, LENGTH);
  }

  private Tensor labels(int below) {
    int[] labels = new int[N];
    for (int i = 0; i < N; i++) {
      labels[i] = i % below;
    }
    return arena.tensor(ElementType.I32, N).copyFrom(labels);
  }

  private Tensor mask(long... dims) {
    Tensor t = arena.tensor(ElementType.U8, dims);
    byte[] bytes = new byte[Math.toIntExact(t.size())];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i & 1);
    }
    return t.copyFrom(bytes);
  }

  private Runnable weighted(String name) {
    String[] part = name.split(" ");
    if (part[0].equals("matmul")) {
      var plan = backend.plan(new MatMulDesc(F32, 256, 256, 256, false, false), ALL);
      Tensor a = tensor(256, 256);
      Tensor b = tensor(256, 256);
      Tensor c = tensor(256, 256);
      return () -> plan.execute(ctx, 1, a, b, 0, c);
    }
    boolean conv = part[0].equals("conv");
    if (!conv && !part[0].equals("linear")) {
      return null;
    }
    PlanOptions options = PlanOptions.directions(direction(part[1]));
    WeightedPlan plan =
        conv
            ? backend.plan(Conv2dDesc.of(F32, N, C, SIDE, SIDE).filters(C, 3, 3, 1), options)
            : backend.plan(LinearDesc.of(F32, N, LENGTH, 128), options);
    Tensor x = conv ? image() : rows();
    Tensor w = conv ? tensor(C, C, 3, 3) : tensor(128, LENGTH);
    Tensor y = conv ? image() : tensor(N, 128);
    if (part[1].equals("backward-weights")) {
      return () -> plan.backwardWeights(ctx, x, y, w);
    }
    packed = plan.pack(ctx, w);
    return part[1].equals("forward")
        ? () -> plan.forward(ctx, x, packed, null, null, y)
        : () -> plan.backwardData(ctx, y, packed, null, x);
  }

  private static dev.blindspot.engine.Direction direction(String name) {
    return switch (name) {
      case "forward" -> dev.blindspot.engine.Direction.FORWARD;
      case "backward-data" -> dev.blindspot.engine.Direction.BACKWARD_DATA;
      default -> dev.blindspot.engine.Direction.BACKWARD_WEIGHTS;
    };
  }

  private Runnable layer(String name) {
    PlanOptions back = PlanOptions.directions(direction("backward-data"));
    Tensor x = image();
    Tensor y = image();
    Tensor z = image();
    Tensor half = tensor(N, C, SIDE / 2, SIDE / 2);
    Tensor c = tensor(C);
    switch (name) {
      case "max-pool forward", "average-pool forward":
        Pooling pooling = name.startsWith("max") ? Pooling.MAX : Pooling.AVERAGE_INCLUDE_PAD;
        var pool = backend.plan(Pool2dDesc.of(pooling, F32, N, C, SIDE, SIDE, 2, 2), ALL);
        return () -> pool.forward(ctx, x, half);
      case "max-pool backward":
        var unpool = backend.plan(Pool2dDesc.of(Pooling.MAX, F32, N, C, SIDE, SIDE, 2, 2), back);
        Tensor dy = tensor(N, C, SIDE / 2, SIDE / 2);
        return () -> unpool.backwardData(ctx, x, half, dy, y);
      case "relu forward", "sigmoid forward", "tanh forward":
        Activation f = Activation.valueOf(name.split(" ")[0].toUpperCase(java.util.Locale.ROOT));
        var activation = backend.plan(ActivationDesc.of(f, F32, N, LENGTH), ALL);
        return () -> activation.forward(ctx, x, y);
      case "relu backward":
        var relu = backend.plan(ActivationDesc.of(Activation.RELU, F32, N, LENGTH), back);
        return () -> relu.backwardData(ctx, x, y, z);
      case "bias forward":
        var bias = backend.plan(new BiasDesc(F32, N, C, PIXELS), ALL);
        return () -> bias.forward(ctx, x, c, y);
      case "batch norm forward":
        var norm = backend.plan(new BatchNormDesc(F32, N, C, PIXELS, 1e-5), ALL);
        return () -> norm.forwardInference(ctx, x, c, c, c, c, y);
      case "batch norm backward":
        var gradient = backend.plan(new BatchNormDesc(F32, N, C, PIXELS, 1e-5), back);
        return () -> gradient.backwardDataInference(ctx, x, c, c, y);
      case "local response norm forward":
        var local =
            backend.plan(new LocalResponseNormDesc(F32, N, C, PIXELS, 5, 1e-4, 0.75, 2), ALL);
        return () -> local.forward(ctx, x, y);
      case "reorder":
        var reorder =
            backend.plan(new ReorderDesc(F32, N, C, SIDE, SIDE, Layout.NCHW, Layout.NHWC), ALL);
        Tensor nhwc =
            arena.tensor(F32, dev.blindspot.engine.Shape.of(N, C, SIDE, SIDE), Layout.NHWC);
        return () -> reorder.execute(ctx, x, nhwc);
      default:
        return null;
    }
  }

  private Runnable classification(String name) {
    Tensor z = tensor(N, CLASSES);
    Tensor dz = tensor(N, CLASSES);
    Tensor labels = labels(CLASSES);
    Tensor one = tensor(N);
    switch (name) {
      case "softmax forward":
        var softmax = backend.plan(new SoftmaxDesc(F32, N, CLASSES, false), ALL);
        return () -> softmax.forward(ctx, z, dz);
      case "softmax backward":
        var back =
            backend.plan(
                new SoftmaxDesc(F32, N, CLASSES, false),
                PlanOptions.directions(direction("backward-data")));
        Tensor dx = tensor(N, CLASSES);
        return () -> back.backwardData(ctx, z, dz, dx);
      case "cross-entropy":
        var loss = backend.plan(LossDesc.crossEntropy(F32, N, CLASSES));
        return () -> loss.execute(ctx, z, labels, 1, one, dz);
      case "margin":
        var margin = backend.plan(new MarginDesc(F32, N, CLASSES));
        return () -> margin.execute(ctx, z, labels, one);
      case "argmax":
        var argmax = backend.plan(new ArgmaxDesc(F32, N, CLASSES));
        return () -> argmax.execute(ctx, z, labels);
      default:
        return null;
    }
  }

  private Runnable rows(String name) {
    Tensor a = rows();
    Tensor b = rows();
    Tensor y = rows();
    Tensor one = tensor(N);
    switch (name) {
      case "elementwise multiply", "elementwise exp":
        ElementwiseOp op = name.endsWith("exp") ? ElementwiseOp.EXP : ElementwiseOp.MULTIPLY;
        var map = backend.plan(new ElementwiseDesc(op, F32, N, LENGTH));
        Tensor second = name.endsWith("exp") ? null : b;
        return () -> map.execute(ctx, a, second, y);
      case "l2 norms":
        var l2 = backend.plan(new RowReduceDesc(Reduction.L2, F32, N, LENGTH));
        return () -> l2.execute(ctx, a, null, one);
      case "dot products":
        var dot = backend.plan(new RowReduceDesc(Reduction.DOT, F32, N, LENGTH));
        return () -> dot.execute(ctx, a, b, one);
      case "rows scaled":
        var scale = backend.plan(new RowwiseDesc(RowwiseOp.SCALE, F32, N, LENGTH));
        return () -> scale.execute(ctx, one, a, y);
      case "rows compared":
        var compare = backend.plan(new CompareDesc(Comparison.LESS, F32, N, LENGTH));
        Tensor less = mask(N, LENGTH);
        return () -> compare.execute(ctx, a, b, less);
      case "mask and":
        var and = backend.plan(new MaskDesc(MaskOp.AND, N, LENGTH));
        Tensor p = mask(N, LENGTH);
        Tensor q = mask(N, LENGTH);
        return () -> and.execute(ctx, p, q, p);
      case "rows selected":
        var select = backend.plan(new SelectDesc(F32, N, LENGTH, true));
        Tensor chosen = mask(N);
        return () -> select.execute(ctx, chosen, a, b, y);
      case "rows counted":
        var count = backend.plan(new CountDesc(N, LENGTH, true));
        Tensor set = mask(N, LENGTH);
        Tensor counts = arena.tensor(ElementType.I32, N);
        return () -> count.execute(ctx, set, counts);
      case "rows gathered":
        var gather = backend.plan(new IndexDesc(IndexOp.GATHER_ROWS, F32, N, N, LENGTH));
        Tensor index = labels(N);
        return () -> gather.execute(ctx, index, a, y);
      case "concat":
        var concat =
            backend.plan(new ConcatDesc(F32, N, List.of((long) LENGTH, (long) LENGTH)), ALL);
        List<Tensor> parts = List.of(a, b);
        Tensor both = tensor(N, 2L * LENGTH);
        return () -> concat.forward(ctx, parts, both);
      case "cast":
        var cast = backend.plan(new CastDesc(F32, ElementType.F64, N, LENGTH));
        Tensor wide = arena.tensor(ElementType.F64, N, LENGTH);
        return () -> cast.execute(ctx, a, wide);
      default:
        return attacks(name, a, b, y, one);
    }
  }

  /** Rows as attacks use them, and random ones. */
  private Runnable attacks(String name, Tensor a, Tensor b, Tensor y, Tensor one) {
    switch (name) {
      case "projection l1", "projection l2", "projection linf":
        Norm norm = Norm.valueOf(name.split(" ")[1].toUpperCase(java.util.Locale.ROOT));
        var projection = backend.plan(new ProjectionDesc(norm, F32, N, LENGTH, 0, 1));
        return () -> projection.execute(ctx, a, one, b, y);
      case "sign step":
        var step = backend.plan(new SignStepDesc(F32, N, LENGTH, 0, 1));
        Tensor size = tensor(N);
        return () -> step.execute(ctx, a, one, b, y, 0.01, b, size);
      case "sort":
        var sort = backend.plan(new SortDesc(F32, N, LENGTH, 31, true));
        Tensor largest = tensor(N, 31);
        return () -> sort.execute(ctx, a, largest, null);
      case "contrast norm forward":
        var contrast = backend.plan(new ContrastNormDesc(F32, N, LENGTH, 1e-8, 1), ALL);
        return () -> contrast.forward(ctx, a, y);
      case "dropout forward":
        var dropout = backend.plan(new DropoutDesc(F32, N, LENGTH, 0.5), ALL);
        RandomKey dropped = RandomKey.of(1, 1);
        return () -> dropout.forward(ctx, dropped, a, y);
      case "random uniform", "random normal":
        Distribution d =
            Distribution.valueOf(name.split(" ")[1].toUpperCase(java.util.Locale.ROOT));
        var draw = backend.plan(new RandomDesc(d, F32, N, LENGTH, 0, 1));
        RandomKey key = RandomKey.of(1, 2);
        return () -> draw.execute(ctx, key, y);
      default:
        return null;
    }
  }
}
