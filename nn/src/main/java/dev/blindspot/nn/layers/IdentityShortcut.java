package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.ConcatPlan;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.Pool2dPlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import java.util.Arrays;
import java.util.List;

/**
 * The parameter-free shortcut of residual networks (He et al. 2016, option A): every stride-th
 * pixel of [c,h,w], and zero channels behind the c that are there, up to {@code channels}. Its
 * Lipschitz constant is 1.
 */
public record IdentityShortcut(int stride, int channels) implements Layer {

  @Override
  public String kind() {
    return "IdentityShortcut";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    Shape in = Shapes.image(kind(), inputs);
    if (stride < 1 || channels < in.dim(0)) {
      throw new InvalidInputException(
          "IdentityShortcut: stride "
              + stride
              + " must be positive and channels "
              + channels
              + " at least those of "
              + in);
    }
    return Shape.of(channels, (in.dim(1) - 1) / stride + 1, (in.dim(2) - 1) / stride + 1);
  }

  @Override
  public boolean fuses(LayerSetup setup) {
    return Shapes.onlyBackward(setup.fusion());
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    return new Prepared(this, setup);
  }

  /** A 1x1 average-pool with the stride, and a concatenation with zeros. */
  private static final class Prepared implements LayerPlan {
    private final Pool2dPlan pool;
    private final ConcatPlan concat;
    private final ElementwisePlan fill;
    private final Shape pooled;
    private final long zeros;
    private final LayerSetup setup;
    private List<Tensor> parts;
    private List<Tensor> gradientParts;

    Prepared(IdentityShortcut layer, LayerSetup setup) {
      this.setup = setup;
      Shape in = setup.inputs().get(0);
      Pool2d subsample = Pool2d.average(1, layer.stride());
      pool =
          setup
              .backend()
              .plan(
                  subsample
                      .desc(setup.type(), setup.maxBatch(), in)
                      .reluMask(setup.fusion().masks().get(0)),
                  Shapes.accumulating(setup));
      pooled = subsample.outputShape(List.of(in));
      zeros = setup.output().size() - pooled.size();
      List<Long> lengths = zeros > 0 ? List.of(pooled.size(), zeros) : List.of(pooled.size());
      concat =
          setup
              .backend()
              .plan(new ConcatDesc(setup.type(), setup.maxBatch(), lengths), Shapes.options(setup));
      fill =
          setup
              .backend()
              .plan(
                  new ElementwiseDesc(
                      ElementwiseOp.FILL, setup.type(), setup.maxBatch(), Math.max(1, zeros)),
                  PlanOptions.forward());
    }

    @Override
    public List<Saved> saved() {
      return List.of(
          new Saved(setup.type(), pooled.batched(setup.maxBatch())),
          new Saved(setup.type(), Shape.of(setup.maxBatch(), Math.max(1, zeros))));
    }

    /** Views of the scratch tensors for a batch, made anew only when the batch changes. */
    private List<Tensor> parts(LayerTensors t) {
      long n = t.x().n();
      if (parts == null || parts.get(0).n() != n) {
        Tensor small = t.saved(0).slice(0, n);
        parts = zeros > 0 ? List.of(small, t.saved(1).slice(0, n)) : List.of(small);
        gradientParts = zeros > 0 ? Arrays.asList(small, null) : parts;
      }
      return parts;
    }

    @Override
    public void forward(Context ctx, LayerTensors t) {
      List<Tensor> p = parts(t);
      pool.forward(ctx, t.x(), p.get(0));
      if (zeros > 0) {
        fill.execute(ctx, null, null, 0, 0, p.get(1));
      }
      concat.forward(ctx, p, t.y());
    }

    @Override
    public void backward(Context ctx, LayerTensors t) {
      if (t.dx() != null) {
        List<Tensor> p = parts(t);
        concat.backwardData(ctx, t.dy(), gradientParts);
        pool.backwardData(ctx, t.x(), p.get(0), p.get(0), t.dx());
      }
    }

    @Override
    public List<String> implementations() {
      return Shapes.implementations(pool);
    }
  }
}
