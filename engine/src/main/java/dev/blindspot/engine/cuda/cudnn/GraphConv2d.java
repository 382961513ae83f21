package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.library.BatchKey;
import dev.blindspot.engine.cuda.library.ContextTable;
import dev.blindspot.engine.cuda.library.DenseKernels;
import dev.blindspot.engine.cuda.library.DeviceWeights;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Convolution by cuDNN's graph interface: NCHW and NHWC, F32 tensors, products in FP32, TF32 or
 * BF16. Listed are: one that gives x as many channels as tensor cores want, forward only; one in
 * which post-operations and the ReLU mask are part of the graph where an engine takes them; and one
 * in which our kernels follow, which keep every guarantee.
 */
final class GraphConv2d extends CheckedWeighted<Conv2dDesc> implements Conv2dPlan {

  /** What was learnt of a direction when it was planned. */
  private record Planned(boolean fused, long workspaceBytes) {}

  /** A direction of one batch size, ready in one context. */
  private record Step(GraphExecution execution, boolean fused) {}

  private record Question(Conv2dDesc desc, Precision precision, Set<Direction> directions) {}

  /** What the backend's plans learnt, so that none has to be learnt again. */
  private record Knowledge(
      Map<Question, String> reasonsWhyNot, Map<Question, Map<Direction, Planned>> plans) {
    Knowledge() {
      this(new ConcurrentHashMap<>(), new ConcurrentHashMap<>());
    }
  }

  private final LibraryBackend backend;
  private final GraphKind kind;
  private final Conv2dDesc inner;
  private final ConvolutionGraphs graphs;
  private final GraphPlanner planner;
  private final GraphTrial engines;
  private final DenseKernels dense;
  private final GraphBuffers buffers;
  private final Resources resources = new Resources();
  private final AutoCloseable owned;
  private final Map<Direction, Planned> planned;
  private final Map<Direction, ContextTable<Step>> steps = new EnumMap<>(Direction.class);
  private final CudnnStatus.Doing doing = this::doing;
  private final DeviceWeights.Packing packing;
  private final long workspaceBytes;

  static void register(LibraryBackend backend) {
    // Fused ReLUs do not say what they do to NaN; engines that are not exact are refused anyway.
    Set<Guarantee> most = EnumSet.complementOf(EnumSet.of(Guarantee.NAN_PROPAGATES));
    add(backend, GraphKind.PADDED, most);
    add(backend, GraphKind.FUSED, most);
    add(backend, GraphKind.UNFUSED, EnumSet.allOf(Guarantee.class));
  }

  private static void add(LibraryBackend backend, GraphKind kind, Set<Guarantee> guarantees) {
    Knowledge knowledge = new Knowledge();
    backend.add(
        Conv2dDesc.class,
        new Implementation<>(
            kind.name(),
            guarantees,
            (d, o) -> {
              String reason = kind.reasonWhyNot(d, o);
              return reason.isEmpty()
                  ? reasonWhyNot(backend, knowledge, kind.inner(d, o), o)
                  : reason;
            },
            (d, o, i) -> new GraphConv2d(backend, knowledge, kind, d, o, i)));
  }

  private static String reasonWhyNot(
      LibraryBackend backend, Knowledge knowledge, Conv2dDesc d, PlanOptions o) {
    if (d.type() != ElementType.F32) {
      return "element type " + d.type() + "; graphs are made of F32 tensors";
    }
    if (o.precision() == Precision.BF16X3 || o.precision() == Precision.BF16X6) {
      return "cuDNN does not form products in " + o.precision();
    }
    String order = PostOps.reasonWhyNot(d.post());
    return !order.isEmpty()
        ? order
        : knowledge.reasonsWhyNot.computeIfAbsent(
            new Question(d, o.precision(), o.directions()), q -> ask(backend, q));
  }

  /** Whether cuDNN offers engines for each direction without anything fused; makes no plan. */
  private static String ask(LibraryBackend backend, Question q) {
    ConvolutionGraphs graphs = new ConvolutionGraphs(q.desc, q.precision == Precision.BF16);
    GraphPlanner planner = new GraphPlanner(q.precision, q.desc.summary());
    return backend.planning(
        c -> {
          for (Direction direction : q.directions) {
            try (Resources scratch = new Resources()) {
              String reason =
                  planner.reasonWhyNot(
                      c,
                      scratch,
                      graphs.graph(direction, q.desc.n(), BatchKey.ALIGNED, false, scratch));
              if (!reason.isEmpty()) {
                return direction + ": " + reason;
              }
            }
          }
          return "";
        });
  }

  private GraphConv2d(
      LibraryBackend backend,
      Knowledge knowledge,
      GraphKind kind,
      Conv2dDesc d,
      PlanOptions o,
      Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    this.kind = kind;
    inner = kind.inner(d, o);
    boolean bfloat = o.precision() == Precision.BF16;
    graphs = new ConvolutionGraphs(inner, bfloat);
    planner = new GraphPlanner(o.precision(), doing("planning"));
    engines = new GraphTrial(backend, inner, o.precision().name());
    dense = new DenseKernels(backend, d.type());
    buffers =
        new GraphBuffers(backend, inner, d.c(), bfloat, graphs.channelsLast(), o.accumulate());
    packing = buffers::pack;
    planned = learn(knowledge);
    for (Direction direction : o.directions()) {
      steps.put(direction, new ContextTable<>(resources, (c, key) -> prepare(c, direction, key)));
    }
    long most = 0;
    for (Direction direction : o.directions()) {
      most = Math.max(most, buffers.bytes(direction) + planned.get(direction).workspaceBytes());
    }
    workspaceBytes = most;
    owned = backend.own(this, resources);
  }

  private String doing(String operation) {
    return desc().summary()
        + ": "
        + operation
        + " ("
        + kind.name()
        + ", "
        + options().precision()
        + ")";
  }

  private Map<Direction, Planned> learn(Knowledge knowledge) {
    Question q = new Question(inner, options().precision(), options().directions());
    try {
      return knowledge.plans.computeIfAbsent(
          q,
          unknown ->
              backend.planning(
                  c -> {
                    Map<Direction, Planned> each = new EnumMap<>(Direction.class);
                    for (Direction direction : options().directions()) {
                      each.put(direction, trial(c, direction));
                    }
                    return each;
                  }));
    } catch (UnsupportedException e) {
      knowledge.reasonsWhyNot.put(q, e.getMessage());
      throw e;
    }
  }

  /** Makes the planned batch's graph to learn what it needs; contexts make their own. */
  private Planned trial(LibraryContext c, Direction direction) {
    if (backend.tuning().measures()) {
      measure(c, direction, kind.fuse() && graphs.fusible(direction));
    }
    try (Resources scratch = new Resources()) {
      long key = BatchKey.of(desc().n(), BatchKey.ALIGNED);
      Step step =
          build(
              c,
              direction,
              key,
              kind.fuse() && graphs.fusible(direction),
              ConvolutionChooser.MOST_WORKSPACE,
              scratch);
      return new Planned(
          step.fused, Math.max(step.execution.workspaceBytes(), GraphBuffers.LEAST_WORKSPACE));
    }
  }

  /** Lets the engines of the planned batch be measured, once. */
  private void measure(LibraryContext c, Direction direction, boolean fused) {
    if (engines.known(direction, fused, desc().n(), BatchKey.ALIGNED) != null) {
      return;
    }
    Map<String, GraphExecution> plans = Map.of();
    try (Resources scratch = new Resources()) {
      GraphBuilder graph = graphs.graph(direction, desc().n(), BatchKey.ALIGNED, fused, scratch);
      long most = ConvolutionChooser.MOST_WORKSPACE;
      plans = planner.plans(c, scratch, graph, most, GraphTrial.ENGINES);
      engines.measure(c, direction, fused, plans);
    } catch (UnsupportedException e) {
      plans = Map.of(); // the whole graph is refused
    }
    if (fused && plans.isEmpty()) {
      measure(c, direction, false); // what executes it then
    }
  }

  private Step prepare(LibraryContext c, Direction direction, long key) {
    Planned p = planned.get(direction);
    return build(c, direction, key, p.fused, p.workspaceBytes, resources);
  }

  /** The fused graph if it is wanted and has an engine, else the bare convolution. */
  private Step build(
      LibraryContext c, Direction direction, long key, boolean fused, long most, Resources into) {
    long n = BatchKey.n(key);
    int alignment = BatchKey.alignment(key);
    if (fused) {
      try {
        GraphBuilder graph = graphs.graph(direction, n, alignment, true, into);
        String engine = engines.known(direction, true, n, alignment);
        return new Step(planner.plan(c, into, graph, most, engine), true);
      } catch (UnsupportedException e) {
        return build(c, direction, key, false, most, into);
      }
    }
    GraphBuilder graph = graphs.graph(direction, n, alignment, false, into);
    String engine = engines.known(direction, false, n, alignment);
    return new Step(planner.plan(c, into, graph, most, engine), false);
  }

  /** The name with what is fused for the planned batch. */
  @Override
  public String implementation(Direction direction) {
    String name = super.implementation(direction);
    if (!planned.get(direction).fused) {
      return name;
    }
    StringBuilder all = new StringBuilder(name);
    if (direction == Direction.BACKWARD_DATA) {
      return all.append("-mask").toString();
    }
    for (PostOp op : desc().post()) {
      all.append(
          switch (op) {
            case BIAS -> "-bias";
            case RESIDUAL_ADD -> "-add";
            case RELU -> "-relu";
          });
    }
    return all.toString();
  }

  @Override
  public long workspaceBytes() {
    return workspaceBytes;
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return DeviceWeights.filled(
        backend, buffers.form(), buffers.packedBytes(), made -> update(ctx, made, w));
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    DeviceWeights.of(this, backend, p, buffers.form()).fill(backend, ctx, this, w, packing);
  }

  private Step step(LibraryContext c, Direction direction, long n, long addresses) {
    return steps
        .get(direction)
        .get(c, BatchKey.of(n, BatchKey.alignment(ElementType.F32, addresses)));
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    DeviceWeights weights = DeviceWeights.of(this, backend, p, buffers.form());
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes);
    try {
      long source = buffers.factor(c, x, 0);
      long w = weights.use(c);
      long out = c.use(y);
      long bias = c.use(b);
      long added = c.use(residual);
      Step s = step(c, Direction.FORWARD, n, source | w | out | bias | added);
      int next = 2;
      s.execution.at(0, source).at(1, w);
      if (s.fused && b != null) {
        s.execution.at(next++, bias);
      }
      if (s.fused && residual != null) {
        s.execution.at(next++, added);
      }
      s.execution.at(next, out);
      check(c, s.execution.execute(c, scratch(c, Direction.FORWARD)), "forward");
      if (!s.fused) {
        boolean last = desc().yLayout() == Layout.NHWC;
        long area = (long) desc().p() * desc().q();
        dense.post(
            c, desc().post(), last ? n * area : n, desc().k(), last ? 1 : area, b, residual, y);
      }
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    DeviceWeights weights = DeviceWeights.of(this, backend, p, buffers.form());
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes);
    try {
      long source = buffers.factor(c, dy, 0);
      long w = weights.use(c);
      boolean accumulate = options().accumulate();
      long out = accumulate ? buffers.fresh(c) : c.use(dx);
      long saved = c.use(mask);
      Step s = step(c, Direction.BACKWARD_DATA, n, source | w | out | saved);
      s.execution.at(0, source).at(1, w);
      if (s.fused) {
        s.execution.at(2, saved).at(3, out);
      } else {
        s.execution.at(2, out);
      }
      check(c, s.execution.execute(c, scratch(c, Direction.BACKWARD_DATA)), "backward-data");
      Tensor left = s.fused ? null : mask;
      if (accumulate || left != null) {
        dense.mask(c, n * sizes().x(), accumulate, left, out, dx);
      }
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes);
    try {
      long a = buffers.factor(c, x, 0);
      long b = buffers.factor(c, dy, 1);
      long out = buffers.directWeights() ? c.use(dw) : buffers.freshWeights(c);
      Step s = step(c, Direction.BACKWARD_WEIGHTS, n, a | b | out);
      s.execution.at(0, a).at(1, b).at(2, out);
      check(c, s.execution.execute(c, scratch(c, Direction.BACKWARD_WEIGHTS)), "backward-weights");
      if (!buffers.directWeights()) {
        buffers.giveWeights(c, dense, dw);
      }
    } finally {
      c.end();
    }
  }

  private long scratch(LibraryContext c, Direction direction) {
    return c.workspace() + buffers.bytes(direction);
  }

  private void check(LibraryContext c, int status, String operation) {
    CudnnStatus.check(status, c, doing, operation);
  }

  @Override
  public void close() {
    Resources.close(owned);
  }
}
