package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_ACTIVATION_RELU;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionBackwardData;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionBackwardFilter;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionBiasActivationForward;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionForward;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.cudnn.ConvolutionBatch.Choice;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.DenseKernels;
import dev.blindspot.engine.cuda.library.DeviceWeights;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import dev.blindspot.engine.cuda.library.Scalars;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.cuda.cudnn.cudnnActivationStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/**
 * Convolution by cuDNN's legacy interface, NCHW. Two are listed: one keeps every guarantee (only
 * deterministic algorithms without transforms, post-operations by our kernel), the other takes
 * whatever cuDNN finds fastest and its fused bias and ReLU.
 */
@SuppressWarnings("deprecation") // cuDNN's legacy interface
final class LegacyConv2d extends CheckedWeighted<Conv2dDesc> implements Conv2dPlan {
  private static final String EXACT = "cudnn:legacy-conv";
  private static final String FASTEST = "cudnn:legacy-conv-fastest";

  private final LibraryBackend backend;
  private final boolean exact;
  private final ConvolutionChooser chooser;
  private final ConvolutionChooser.Request request;
  private final ConvolutionShapes shapes;
  private final PadKernels pad;
  private final DenseKernels dense;
  private final cudnnActivationStruct relu;
  private final cudnnTensorStruct bias;
  private final String form;
  private final Resources resources;
  private final AutoCloseable owned;
  private final CudnnStatus.Doing doing = this::doing;
  private final DeviceWeights.Packing packing;
  private final BatchTable<ConvolutionBatch> batches;
  private final ConvolutionBatch planned;
  private final long workspaceBytes;

  /** Whether cuDNN was found not to have the fused forward of this convolution. */
  private volatile boolean refused;

  static void register(LibraryBackend backend) {
    ConvolutionChooser chooser = new ConvolutionChooser(backend);
    add(backend, chooser, EXACT, true, EnumSet.allOf(Guarantee.class));
    // Fused ReLUs do not say what they do to NaN, transforms round.
    add(backend, chooser, FASTEST, false, EnumSet.of(Guarantee.TIES_FIRST));
  }

  private static void add(
      LibraryBackend backend,
      ConvolutionChooser chooser,
      String name,
      boolean exact,
      Set<Guarantee> guarantees) {
    backend.add(
        Conv2dDesc.class,
        new Implementation<>(
            name,
            guarantees,
            (d, o) -> {
              String reason = reasonWhyNot(d, o);
              if (!exact && o.boundsForward()) {
                reason = "its algorithms may transform; bounded errors are asked for";
              }
              return reason.isEmpty() ? chooser.refusal(d, o, exact) : reason;
            },
            (d, o, i) -> new LegacyConv2d(backend, chooser, exact, d, o, i)));
  }

  private static String reasonWhyNot(Conv2dDesc d, PlanOptions o) {
    if (d.type() != ElementType.F32 && d.type() != ElementType.F64) {
      return "element type " + d.type() + "; the legacy interface is used for F32 and F64";
    }
    if (d.xLayout() == Layout.NHWC || d.yLayout() == Layout.NHWC) {
      return "layout NHWC; the legacy interface is used for NCHW (cudnn:graph-conv has NHWC)";
    }
    if (o.precision() != Precision.FP32
        && (o.precision() != Precision.TF32 || d.type() != ElementType.F32)) {
      return "products of "
          + d.type()
          + " are formed in FP32, or of F32 in TF32, not "
          + o.precision();
    }
    return sizes(d).isEmpty() ? PostOps.reasonWhyNot(d.post()) : sizes(d);
  }

  private static String sizes(Conv2dDesc d) {
    long h = (long) d.h() + d.padTop() + d.padBottom();
    long w = (long) d.w() + d.padLeft() + d.padRight();
    double x = (double) d.n() * d.c() * h * w;
    double y = (double) d.n() * d.k() * d.p() * d.q();
    double filters = (double) d.k() * (d.c() / d.groups()) * d.r() * d.s();
    return Math.max(Math.max(x, y), Math.max(filters, d.n())) >= Integer.MAX_VALUE
        ? "a tensor of 2^31 elements or more; cuDNN's descriptors count in 31 bits"
        : "";
  }

  private LegacyConv2d(
      LibraryBackend backend,
      ConvolutionChooser chooser,
      boolean exact,
      Conv2dDesc d,
      PlanOptions o,
      Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    this.chooser = chooser;
    this.exact = exact;
    dense = new DenseKernels(backend, d.type());
    pad = new PadKernels(backend, d);
    form =
        "w " + d.type() + " [" + d.k() + "," + d.c() / d.groups() + "," + d.r() + "," + d.s() + "]";
    resources = new Resources();
    batches = new BatchTable<>(resources, this::prepare);
    try {
      shapes = new ConvolutionShapes(d, resources);
      packing = (c, from, to) -> c.copy(to.address(), from, shapes.wBytes());
      request = new ConvolutionChooser.Request(d, o.precision(), exact, shapes, doing("planning"));
      relu = resources.add(Descriptor.activation(CUDNN_ACTIVATION_RELU)).handle();
      bias = resources.add(Descriptor.tensor(d.type(), 1, d.k(), 1, 1)).handle();
      planned = backend.planning(c -> batches.get(c, d.n()));
    } catch (RuntimeException e) {
      resources.close();
      if (e instanceof UnsupportedException reason) {
        chooser.refuse(d, o, exact, reason);
      }
      throw e;
    }
    workspaceBytes = mostWorkspace();
    owned = backend.own(this, resources);
  }

  private String doing(String operation) {
    return desc().summary() + ": " + operation + " (" + (exact ? EXACT : FASTEST) + ")";
  }

  /** What a batch of n is executed with; the planned batch comes first. */
  private ConvolutionBatch prepare(LibraryContext c, long n) {
    cudnnTensorStruct x = shapes.x((int) n).handle();
    cudnnTensorStruct y = shapes.y((int) n).handle();
    Map<Direction, Choice> choices = new EnumMap<>(Direction.class);
    for (Direction direction : options().directions()) {
      Choice largest = planned == null ? null : planned.choices().get(direction);
      choices.put(direction, chooser.choose(request, c, direction, (int) n, x, y, largest));
    }
    return new ConvolutionBatch(x, y, choices);
  }

  private long mostWorkspace() {
    long most = 0;
    for (Direction direction : options().directions()) {
      long bytes =
          buffer(direction, desc().n()) + planned.choices().get(direction).workspaceBytes();
      most = Math.max(most, bytes);
    }
    return most;
  }

  /** Bytes before the algorithm's workspace: padded images, or a gradient not yet added. */
  private long buffer(Direction direction, long n) {
    boolean apart =
        ConvolutionShapes.padded(desc())
            || (direction == Direction.BACKWARD_DATA
                && desc().reluMask()
                && options().accumulate());
    return apart ? ConvolutionChooser.aligned(shapes.xBytes(n)) : 0;
  }

  /** The name with the algorithm of the planned batch. */
  @Override
  public String implementation(Direction direction) {
    String name = super.implementation(direction);
    int algorithm = planned.choices().get(direction).algorithm();
    return name + "-" + ConvolutionSearch.name(direction, algorithm);
  }

  @Override
  public long workspaceBytes() {
    return workspaceBytes;
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return DeviceWeights.filled(backend, form, shapes.wBytes(), made -> update(ctx, made, w));
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    DeviceWeights.of(this, backend, p, form).fill(backend, ctx, this, w, packing);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    DeviceWeights w = DeviceWeights.of(this, backend, p, form);
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes);
    try {
      ConvolutionBatch batch = batches.get(c, n);
      Choice a = batch.choices().get(Direction.FORWARD);
      long source = padded(c, n, x);
      if (fused() && fusedForward(c, batch, a, n, source, w, b, residual, y)) {
        return;
      }
      int status =
          cudnnConvolutionForward(
              c.cudnn(),
              Scalars.one(desc().type()),
              batch.x(),
              c.pointer(0, source),
              shapes.w(),
              c.pointer(1, w.use(c)),
              a.convolution(),
              a.algorithm(),
              c.pointer(2, scratch(c, Direction.FORWARD, n)),
              a.workspaceBytes(),
              Scalars.zero(desc().type()),
              batch.y(),
              c.pointer(3, c.use(y)));
      check(c, status, "forward");
      dense.post(c, desc().post(), n, desc().k(), (long) desc().p() * desc().q(), b, residual, y);
    } finally {
      c.end();
    }
  }

  /** cuDNN's fused forward ends with a ReLU and has a bias. */
  private boolean fused() {
    List<PostOp> post = desc().post();
    return !exact && !refused && post.contains(PostOp.BIAS) && post.contains(PostOp.RELU);
  }

  /** False, and nothing was done, where cuDNN does not have it; it is not asked again then. */
  private boolean fusedForward(
      LibraryContext c,
      ConvolutionBatch batch,
      Choice a,
      long n,
      long source,
      DeviceWeights w,
      Tensor b,
      Tensor residual,
      Tensor y) {
    ElementType type = desc().type();
    long out = c.use(y);
    int status =
        cudnnConvolutionBiasActivationForward(
            c.cudnn(),
            Scalars.one(type),
            batch.x(),
            c.pointer(0, source),
            shapes.w(),
            c.pointer(1, w.use(c)),
            a.convolution(),
            a.algorithm(),
            c.pointer(2, scratch(c, Direction.FORWARD, n)),
            a.workspaceBytes(),
            Scalars.beta(type, residual != null),
            batch.y(),
            c.pointer(4, residual == null ? out : c.use(residual)),
            bias,
            c.pointer(5, c.use(b)),
            relu,
            batch.y(),
            c.pointer(3, out));
    refused = CudnnStatus.notSupported(status);
    if (!refused) {
      check(c, status, "forward with bias and ReLU");
    }
    return !refused;
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    DeviceWeights w = DeviceWeights.of(this, backend, p, form);
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes);
    try {
      ConvolutionBatch batch = batches.get(c, n);
      Choice a = batch.choices().get(Direction.BACKWARD_DATA);
      boolean apart = buffer(Direction.BACKWARD_DATA, n) > 0;
      long fresh = apart ? c.workspace() : c.use(dx);
      int status =
          cudnnConvolutionBackwardData(
              c.cudnn(),
              Scalars.one(desc().type()),
              shapes.w(),
              c.pointer(1, w.use(c)),
              batch.y(),
              c.pointer(3, c.use(dy)),
              a.convolution(),
              a.algorithm(),
              c.pointer(2, scratch(c, Direction.BACKWARD_DATA, n)),
              a.workspaceBytes(),
              Scalars.beta(desc().type(), !apart && options().accumulate()),
              batch.x(),
              c.pointer(0, fresh));
      check(c, status, "backward-data");
      if (ConvolutionShapes.padded(desc())) {
        pad.cut(c, n, fresh, mask, options().accumulate(), dx);
      } else if (mask != null) {
        dense.mask(c, n * sizes().x(), options().accumulate(), mask, fresh, dx);
      }
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes);
    try {
      ConvolutionBatch batch = batches.get(c, n);
      Choice a = batch.choices().get(Direction.BACKWARD_WEIGHTS);
      long source = padded(c, n, x);
      int status =
          cudnnConvolutionBackwardFilter(
              c.cudnn(),
              Scalars.one(desc().type()),
              batch.x(),
              c.pointer(0, source),
              batch.y(),
              c.pointer(3, c.use(dy)),
              a.convolution(),
              a.algorithm(),
              c.pointer(2, scratch(c, Direction.BACKWARD_WEIGHTS, n)),
              a.workspaceBytes(),
              Scalars.beta(desc().type(), options().accumulate()),
              shapes.w(),
              c.pointer(1, c.use(dw)));
      check(c, status, "backward-weights");
    } finally {
      c.end();
    }
  }

  /** Address of x, or of its padded copy at the start of the workspace. */
  private long padded(LibraryContext c, long n, Tensor x) {
    if (!ConvolutionShapes.padded(desc())) {
      return c.use(x);
    }
    pad.pad(c, n, x, c.workspace());
    return c.workspace();
  }

  private long scratch(LibraryContext c, Direction direction, long n) {
    return c.workspace() + buffer(direction, n);
  }

  private void check(LibraryContext c, int status, String operation) {
    CudnnStatus.check(status, c, doing, operation);
  }

  @Override
  public void close() {
    Resources.close(owned);
  }
}
