package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A convolution, benchdnn's {@code --conv}: g groups, mb batch, ic x ih x iw input, oc x oh x ow
 * output, kh x kw kernel, sh x sw strides, ph x pw padding on both sides, dh x dw dilation counted
 * from 0. A height alone serves for the width; oh and ow are checked if given.
 *
 * @param desc without bias, in F32
 */
record ConvProblem(String prb, String name, Conv2dDesc desc) implements Problem {
  private static final List<String> FIELDS =
      List.of(
          "g", "mb", "ic", "ih", "iw", "oc", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw", "dh",
          "dw");

  static ConvProblem parse(String text, String place) {
    ShapeLine l = new ShapeLine(text, place, FIELDS);
    int ih = l.positive("ih", l.side("ih", "iw", -1));
    int kh = l.positive("kh", l.side("kh", "kw", -1));
    int dh = l.get("dh", 0);
    if (l.has("dw") && l.get("dw", 0) != dh) {
      throw l.bad("field 'dw' differs from dh, which no kernel here can do");
    }
    Conv2dDesc d;
    try {
      d =
          Conv2dDesc.of(
                  ElementType.F32, l.positive("mb", 2), l.need("ic"), ih, l.side("iw", "ih", ih))
              .groups(1);
      int ph = l.side("ph", "pw", 0);
      int pw = l.side("pw", "ph", 0);
      d =
          new Conv2dDesc(
              d.type(),
              d.n(),
              d.c(),
              d.h(),
              d.w(),
              l.need("oc"),
              kh,
              l.side("kw", "kh", kh),
              l.positive("sh", l.side("sh", "sw", 1)),
              l.side("sw", "sh", 1),
              ph,
              pw,
              ph,
              pw,
              dh + 1,
              dh + 1,
              l.positive("g", 1),
              List.of(),
              false,
              d.xLayout(),
              d.yLayout());
    } catch (dev.blindspot.engine.InvalidInputException e) {
      throw e.getMessage().startsWith("shape") ? e : l.bad(e.getMessage());
    }
    l.agrees("oh", d.p());
    l.agrees("ow", d.q());
    return new ConvProblem(text, l.name(), d);
  }

  @Override
  public String driver() {
    return "conv";
  }

  @Override
  public Set<Pass> passes() {
    return EnumSet.allOf(Pass.class);
  }

  private Shape x() {
    return Shape.of(desc.n(), desc.c(), desc.h(), desc.w());
  }

  private Shape w() {
    return Shape.of(desc.k(), desc.c() / desc.groups(), desc.r(), desc.s());
  }

  private Shape y() {
    return Shape.of(desc.n(), desc.k(), desc.p(), desc.q());
  }

  /** The same with pictures in this layout, on both sides. */
  ConvProblem layout(Layout layout) {
    return new ConvProblem(prb, name, desc.layouts(layout, layout));
  }

  @Override
  public double operations() {
    return 2.0 * y().size() * w().rowLength();
  }

  @Override
  public double bytes(Pass pass) {
    return 4.0 * (x().size() + w().size() + y().size());
  }

  @Override
  public ConvProblem single(ElementType type) {
    Conv2dDesc d = desc;
    return new ConvProblem(
        prb,
        name,
        new Conv2dDesc(
            type,
            1,
            d.c(),
            d.h(),
            d.w(),
            d.k(),
            d.r(),
            d.s(),
            d.strideH(),
            d.strideW(),
            d.padTop(),
            d.padLeft(),
            d.padBottom(),
            d.padRight(),
            d.dilationH(),
            d.dilationW(),
            d.groups(),
            d.post(),
            d.reluMask(),
            d.xLayout(),
            d.yLayout()));
  }

  @Override
  public PeerProblem forPeer(Pass pass) {
    Map<String, Integer> g = new TreeMap<>();
    g.put("n", Math.toIntExact(desc.n()));
    g.put("c", desc.c());
    g.put("h", desc.h());
    g.put("w", desc.w());
    g.put("k", desc.k());
    g.put("r", desc.r());
    g.put("s", desc.s());
    g.put("p", desc.p());
    g.put("q", desc.q());
    g.put("stride_h", desc.strideH());
    g.put("stride_w", desc.strideW());
    g.put("pad_top", desc.padTop());
    g.put("pad_left", desc.padLeft());
    g.put("dilation_h", desc.dilationH());
    g.put("dilation_w", desc.dilationW());
    g.put("groups", desc.groups());
    g.put("bias", pass == Pass.FWD_B ? 1 : 0);
    return new PeerProblem(driver(), pass.name(), g, null);
  }

  @Override
  public Prepared prepare(Backend backend, Pass pass, Precision precision, String implementation) {
    boolean bias = pass == Pass.FWD_B;
    Conv2dPlan plan =
        backend.plan(
            bias ? desc.post(PostOp.BIAS) : desc,
            PlanOptions.directions(pass.direction())
                .precision(precision)
                .implementation(implementation));
    Context ctx = backend.newContext();
    Tensors t = new Tensors(backend, desc.type(), x(), w(), y(), Shape.of(desc.k()));
    Layout layout = desc.xLayout();
    Tensor x = pass == Pass.BWD_D ? t.empty(x(), layout) : t.random(x(), layout);
    Tensor w = pass == Pass.BWD_W ? t.empty(w()) : t.random(w());
    boolean forward = pass == Pass.FWD_B || pass == Pass.FWD_D;
    Tensor y = forward ? t.empty(y(), layout) : t.random(y(), layout);
    Tensor b = bias ? t.random(Shape.of(desc.k())) : null;
    if (pass == Pass.BWD_W) {
      return new Execution(plan, pass, ctx, t, w, () -> plan.backwardWeights(ctx, x, y, w), null);
    }
    PackedWeights packed = plan.pack(ctx, w);
    return forward
        ? new Execution(plan, pass, ctx, t, y, () -> plan.forward(ctx, x, packed, b, y), packed)
        : new Execution(plan, pass, ctx, t, x, () -> plan.backwardData(ctx, y, packed, x), packed);
  }
}
