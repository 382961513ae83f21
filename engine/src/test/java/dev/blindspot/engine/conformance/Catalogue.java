package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
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
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.Loss;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.primitives.PostOp;
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
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Steps that execute every primitive that can be recorded in all its directions, on small tensors
 * of one arena.
 */
final class Catalogue implements AutoCloseable {
  private static final int BYTES = 1 << 16;
  private final Backend backend;
  private final Context ctx;
  private final TensorArena arena;
  private final Tensor memory;
  private final Map<String, Runnable> steps = new LinkedHashMap<>();
  private final List<PackedWeights> packed = new ArrayList<>();
  private long seed;

  Catalogue(Backend backend, Context ctx) {
    this.backend = backend;
    this.ctx = ctx;
    arena = backend.arena(BYTES);
    memory = new Tensor(f32(1).storage(), 0, U8, Shape.of(BYTES), Layout.NCHW);
    weighted();
    layers();
    norms();
    losses();
    moves();
    elements();
    rows();
  }

  /** Steps by the simple name of the primitive's desc. */
  Map<String, Runnable> steps() {
    return steps;
  }

  /** All bytes that the steps read and write. */
  byte[] contents() {
    ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES);
    memory.copyTo(bytes);
    byte[] array = new byte[BYTES];
    bytes.rewind().get(array);
    return array;
  }

  /** Puts back what {@link #contents} gave. */
  void restore(byte[] contents) {
    memory.copyFrom(contents);
  }

  @Override
  public void close() {
    packed.forEach(PackedWeights::close);
    arena.close();
  }

  private <P extends Plan> P plan(Desc<P> desc) {
    return backend.plan(desc, PlanOptions.all());
  }

  private void add(Class<? extends Desc<?>> desc, Runnable step) {
    steps.put(desc.getSimpleName(), step);
  }

  private Tensor f32(long... dims) {
    Tensor t = arena.tensor(F32, dims);
    float[] values = new float[(int) t.size()];
    SplittableRandom random = new SplittableRandom(++seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return t.copyFrom(values);
  }

  /** Small numbers from 0 on. */
  private Tensor integers(ElementType type, int bound, long... dims) {
    Tensor t = arena.tensor(type, dims);
    byte[] bytes = new byte[(int) t.size()];
    int[] ints = new int[bytes.length];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = i % bound;
      bytes[i] = (byte) ints[i];
    }
    return type == U8 ? t.copyFrom(bytes) : t.copyFrom(ints);
  }

  private void weighted() {
    PostOp[] post = {PostOp.BIAS, PostOp.RESIDUAL_ADD, PostOp.RELU};
    Conv2dDesc conv = Conv2dDesc.of(F32, 3, 4, 7, 5).filters(6, 3, 3, 1).groups(2).post(post);
    add(
        Conv2dDesc.class,
        weighted(plan(conv.reluMask(true)), f32(3, 4, 7, 5), f32(6, 2, 3, 3), f32(3, 6, 7, 5), 6));
    LinearDesc linear = LinearDesc.of(F32, 3, 17, 9).post(post).reluMask(true);
    add(LinearDesc.class, weighted(plan(linear), f32(3, 17), f32(9, 17), f32(3, 9), 9));
    var matmul = plan(new MatMulDesc(F32, 5, 6, 7, false, true));
    Tensor a = f32(5, 7);
    Tensor b = f32(6, 7);
    Tensor c = f32(5, 6);
    add(MatMulDesc.class, () -> matmul.execute(ctx, .5, a, b, -1, c));
    var bias = plan(new BiasDesc(F32, 3, 4, 5));
    Tensor x = f32(3, 4, 5);
    Tensor shift = f32(4);
    add(
        BiasDesc.class,
        () -> {
          bias.forward(ctx, x, shift, x);
          bias.backwardWeights(ctx, x, shift);
        });
  }

  private Runnable weighted(WeightedPlan plan, Tensor x, Tensor w, Tensor y, int filters) {
    PackedWeights p = plan.pack(ctx, w);
    packed.add(p);
    Tensor b = f32(filters);
    Tensor residual = f32(y.shape().toArray());
    Tensor dx = f32(x.shape().toArray());
    Tensor dw = f32(w.shape().toArray());
    return () -> {
      plan.forward(ctx, x, p, b, residual, y);
      plan.backwardData(ctx, y, p, x, dx);
      plan.backwardWeights(ctx, x, y, dw);
      plan.repack(ctx, w, p);
    };
  }

  private void layers() {
    var tanh = plan(ActivationDesc.of(Activation.TANH, F32, 3, 17));
    Tensor x = f32(3, 17);
    Tensor y = f32(3, 17);
    Tensor dx = f32(3, 17);
    add(
        ActivationDesc.class,
        () -> {
          tanh.forward(ctx, x, y);
          tanh.backwardData(ctx, y, y, dx);
        });
    var pool = plan(Pool2dDesc.of(Pooling.MAX, F32, 2, 3, 7, 5, 3, 2));
    Tensor images = f32(2, 3, 7, 5);
    Tensor pooled = f32(2, 3, 3, 2);
    Tensor gradient = f32(2, 3, 7, 5);
    add(
        Pool2dDesc.class,
        () -> {
          pool.forward(ctx, images, pooled);
          pool.backwardData(ctx, images, pooled, pooled, gradient);
        });
    var dropout = plan(new DropoutDesc(F32, 3, 17, .5));
    RandomKey key = new RandomKey(5, 6, integers(I32, 9, 3), integers(I32, 9, 1));
    add(
        DropoutDesc.class,
        () -> {
          dropout.forward(ctx, key, x, y);
          dropout.backwardData(ctx, key, y, dx);
        });
  }

  private void norms() {
    Tensor x = f32(3, 4, 5);
    Tensor y = f32(3, 4, 5);
    Tensor dx = f32(3, 4, 5);
    var local = plan(new LocalResponseNormDesc(F32, 3, 4, 5, 3, .5, .75, 1));
    add(
        LocalResponseNormDesc.class,
        () -> {
          local.forward(ctx, x, y);
          local.backwardData(ctx, x, y, dx);
        });
    var contrast = plan(new ContrastNormDesc(F32, 3, 20, .5, .75));
    add(
        ContrastNormDesc.class,
        () -> {
          contrast.forward(ctx, x, y);
          contrast.backwardData(ctx, x, y, dx);
        });
    var softmax = plan(new SoftmaxDesc(F32, 3, 20, true));
    add(
        SoftmaxDesc.class,
        () -> {
          softmax.forward(ctx, x, y);
          softmax.backwardData(ctx, y, x, dx);
        });
    var batch = plan(new BatchNormDesc(F32, 3, 4, 5, .5));
    Tensor gamma = f32(4);
    Tensor beta = f32(4);
    Tensor mean = f32(4);
    Tensor variance = f32(4).copyFrom(new float[] {1, 2, 3, 4});
    Tensor savedMean = f32(4);
    Tensor savedInverse = f32(4);
    add(
        BatchNormDesc.class,
        () -> {
          batch.forwardInference(ctx, x, gamma, beta, mean, variance, y);
          batch.backwardDataInference(ctx, y, gamma, variance, dx);
          batch.backwardWeightsInference(ctx, x, y, mean, variance, savedMean, savedInverse);
          batch.forwardTraining(
              ctx, x, gamma, beta, .1, mean, variance, savedMean, savedInverse, y);
          batch.backwardTraining(ctx, x, y, gamma, savedMean, savedInverse, dx, gamma, beta);
        });
  }

  private void losses() {
    Tensor z = f32(3, 10);
    Tensor labels = integers(I32, 10, 3);
    Tensor loss = f32(3);
    Tensor dz = f32(3, 10);
    var hinge = plan(new LossDesc(Loss.MARGIN, F32, 3, 10, 1));
    var entropy = plan(LossDesc.crossEntropy(F32, 3, 10));
    add(
        LossDesc.class,
        () -> {
          hinge.execute(ctx, z, labels, .5, loss, dz);
          entropy.execute(ctx, z, labels, .5, loss, null);
        });
    var margin = plan(new MarginDesc(F32, 3, 10));
    add(MarginDesc.class, () -> margin.execute(ctx, z, labels, loss));
  }

  private void moves() {
    Tensor a = f32(3, 4);
    Tensor b = f32(3, 6);
    Tensor y = f32(3, 10);
    var concat = plan(new ConcatDesc(F32, 3, List.of(4L, 6L)));
    List<Tensor> parts = List.of(a, b);
    List<Tensor> gradients = List.of(f32(3, 4), f32(3, 6));
    add(
        ConcatDesc.class,
        () -> {
          concat.forward(ctx, parts, y);
          concat.backwardData(ctx, y, gradients);
        });
    Tensor images = f32(2, 3, 4, 5);
    Tensor channelsLast = arena.tensor(F32, Shape.of(2, 3, 4, 5), Layout.NHWC);
    var reorder = plan(new ReorderDesc(F32, 2, 3, 4, 5, Layout.NCHW, Layout.NHWC));
    add(ReorderDesc.class, () -> reorder.execute(ctx, images, channelsLast));
    Tensor doubles = arena.tensor(F64, 3, 10);
    var cast = plan(new CastDesc(F32, F64, 3, 10));
    add(CastDesc.class, () -> cast.execute(ctx, y, doubles));
    Tensor index = integers(I32, 5, 3);
    Tensor chosen = f32(3, 10);
    var gather = plan(new IndexDesc(IndexOp.GATHER_ROWS, F32, 3, 3, 10));
    add(IndexDesc.class, () -> gather.execute(ctx, index, y, chosen));
    Tensor values = f32(3, 4);
    Tensor indices = integers(I32, 5, 3, 4);
    var sort = plan(new SortDesc(F32, 3, 10, 4, true));
    add(SortDesc.class, () -> sort.execute(ctx, y, values, indices));
  }

  private void elements() {
    Tensor a = f32(3, 7);
    Tensor b = f32(3, 7);
    Tensor mask = integers(U8, 2, 3, 7);
    Tensor rows = integers(U8, 2, 3);
    Tensor count = integers(I32, 5, 3);
    var combine = plan(new ElementwiseDesc(ElementwiseOp.LINEAR_COMBINATION, F32, 3, 7));
    add(ElementwiseDesc.class, () -> combine.execute(ctx, a, b, .5, .25, b));
    var compare = plan(new CompareDesc(Comparison.LESS, F32, 3, 7));
    add(
        CompareDesc.class,
        () -> {
          compare.execute(ctx, a, b, mask);
          compare.execute(ctx, a, .5, mask);
        });
    var not = plan(new MaskDesc(MaskOp.NOT, 3, 7));
    Tensor others = integers(U8, 2, 3, 7);
    add(MaskDesc.class, () -> not.execute(ctx, mask, null, others));
    var counted = plan(new CountDesc(3, 7, true));
    add(CountDesc.class, () -> counted.execute(ctx, mask, count));
    var select = plan(new SelectDesc(F32, 3, 7, true));
    add(SelectDesc.class, () -> select.execute(ctx, rows, a, b, b));
  }

  private void rows() {
    Tensor a = f32(3, 7);
    Tensor b = f32(3, 7);
    Tensor s = f32(3);
    Tensor index = integers(I32, 5, 3);
    var dot = plan(new RowReduceDesc(Reduction.DOT, F32, 3, 7));
    add(RowReduceDesc.class, () -> dot.execute(ctx, a, b, s));
    var axpy = plan(new RowwiseDesc(RowwiseOp.AXPY, F32, 3, 7));
    add(RowwiseDesc.class, () -> axpy.execute(ctx, s, a, b));
    var argmax = plan(new ArgmaxDesc(F32, 3, 7));
    add(ArgmaxDesc.class, () -> argmax.execute(ctx, a, index));
    Tensor radius = f32(3).copyFrom(new float[] {.1f, 1, 2});
    var ball = plan(new ProjectionDesc(Norm.L1, F32, 3, 7, -1, 1));
    add(ProjectionDesc.class, () -> ball.execute(ctx, a, radius, b, b));
    var signStep = plan(new SignStepDesc(F32, 3, 7, -1, 1));
    Tensor sizes = f32(3);
    Tensor centre = f32(3, 7);
    add(SignStepDesc.class, () -> signStep.execute(ctx, centre, radius, b, a, .1, b, sizes));
    var random = plan(new RandomDesc(Distribution.NORMAL, F32, 3, 7, 0, 1));
    RandomKey key = RandomKey.of(1, 1);
    add(RandomDesc.class, () -> random.execute(ctx, key, a));
    var lbfgs = plan(new LbfgsDesc(F32, 3, 7, 2));
    LbfgsHistory history = new LbfgsHistory(f32(3, 2, 7), f32(3, 2, 7), integers(I32, 1, 3));
    Tensor step = f32(3, 7);
    Tensor free = integers(U8, 2, 3, 7);
    Tensor direction = f32(3, 7);
    add(
        LbfgsDesc.class,
        () -> {
          lbfgs.update(ctx, null, step, step, history);
          lbfgs.direction(ctx, step, free, history, direction);
        });
  }
}
