package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_ACTIVATION_RELU;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ACTIVATION_SIGMOID;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ACTIVATION_TANH;
import static org.bytedeco.cuda.global.cudnn.cudnnActivationBackward;
import static org.bytedeco.cuda.global.cudnn.cudnnActivationForward;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Scalars;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;
import java.util.EnumSet;
import org.bytedeco.cuda.cudnn.cudnnActivationStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/** ReLU, sigmoid and tanh by cuDNN. */
@SuppressWarnings("deprecation") // cuDNN's legacy interface
final class CudnnActivation extends BasePlan<ActivationDesc> implements ActivationPlan {
  private static final String NAME = "cudnn:relu";

  private final LibraryBackend backend;
  private final LegacyPlan plan;
  private final cudnnActivationStruct function;
  private final BatchTable<cudnnTensorStruct> tensors;

  static void register(LibraryBackend backend) {
    // What a gradient does where the output is NaN is not documented.
    backend.add(
        ActivationDesc.class,
        new Implementation<>(
            NAME,
            EnumSet.complementOf(EnumSet.of(Guarantee.NAN_PROPAGATES)),
            CudnnActivation::reasonWhyNot,
            (d, o, i) -> new CudnnActivation(backend, d, o, i)));
  }

  private static String reasonWhyNot(ActivationDesc d, PlanOptions o) {
    if (d.activation() == Activation.LEAKY_RELU) {
      return "cuDNN has no leaky ReLU";
    }
    if (d.activation() != Activation.RELU && o.directions().contains(Direction.BACKWARD_DATA)) {
      return "cuDNN's gradient of " + d.activation() + " may read x, which is not kept";
    }
    return LegacyPlan.reasonWhyNot(d.type(), (double) d.n() * d.length());
  }

  private CudnnActivation(
      LibraryBackend backend, ActivationDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    plan = new LegacyPlan(d.summary(), NAME);
    function =
        plan.keep(
            Descriptor.activation(
                switch (d.activation()) {
                  case SIGMOID -> CUDNN_ACTIVATION_SIGMOID;
                  case TANH -> CUDNN_ACTIVATION_TANH;
                  default -> CUDNN_ACTIVATION_RELU;
                }));
    tensors =
        new BatchTable<>(
            plan.resources(),
            (c, n) -> plan.keep(Descriptor.tensor(d.type(), (int) n, (int) d.length(), 1, 1)));
    plan.owned(backend, this);
  }

  @Override
  public void forward(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().length());
    rows("y", y, desc().type(), n, desc().length());
    distinct("y", y, "x", x, true);
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      cudnnTensorStruct t = tensors.get(c, n);
      int status =
          cudnnActivationForward(
              c.cudnn(),
              function,
              Scalars.one(desc().type()),
              t,
              c.pointer(0, c.use(x)),
              Scalars.zero(desc().type()),
              t,
              c.pointer(1, c.use(y)));
      plan.check(c, status, "forward");
    } finally {
      c.end();
    }
  }

  /** y stands for x: both are positive at the same elements. */
  @Override
  public void backwardData(Context ctx, Tensor y, Tensor dy, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    rows("dy", dy, desc().type(), n, desc().length());
    rows("dx", dx, desc().type(), n, desc().length());
    distinct("dx", dx, "y", y, false);
    distinct("dx", dx, "dy", dy, true);
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      cudnnTensorStruct t = tensors.get(c, n);
      int status =
          cudnnActivationBackward(
              c.cudnn(),
              function,
              Scalars.one(desc().type()),
              t,
              c.pointer(0, c.use(y)),
              t,
              c.pointer(1, c.use(dy)),
              t,
              c.pointer(2, c.use(y)),
              Scalars.beta(desc().type(), options().accumulate()),
              t,
              c.pointer(3, c.use(dx)));
      plan.check(c, status, "backward-data");
    } finally {
      c.end();
    }
  }

  @Override
  public void close() {
    plan.close();
  }
}
