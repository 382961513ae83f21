package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pool2dPlan;
import dev.blindspot.engine.primitives.Pooling;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Max-pooling, benchdnn's {@code --pool}, with square windows and strides. */
record PoolProblem(String prb, String name, Pool2dDesc desc) implements Problem {
  private static final List<String> FIELDS =
      List.of("mb", "ic", "ih", "iw", "oh", "ow", "kh", "kw", "sh", "sw");

  static PoolProblem parse(String text, String place) {
    ShapeLine l = new ShapeLine(text, place, FIELDS);
    int ih = l.positive("ih", l.side("ih", "iw", -1));
    int kh = l.positive("kh", l.side("kh", "kw", -1));
    int sh = l.positive("sh", l.side("sh", "sw", kh));
    if (l.side("kw", "kh", kh) != kh || l.side("sw", "sh", sh) != sh) {
      throw l.bad("fields 'kw' and 'sw' must equal kh and sh");
    }
    Pool2dDesc d;
    try {
      d =
          Pool2dDesc.of(
              Pooling.MAX,
              ElementType.F32,
              l.positive("mb", 2),
              l.need("ic"),
              ih,
              l.side("iw", "ih", ih),
              kh,
              sh);
    } catch (InvalidInputException e) {
      throw e.getMessage().startsWith("shape") ? e : l.bad(e.getMessage());
    }
    l.agrees("oh", d.p());
    l.agrees("ow", d.q());
    return new PoolProblem(text, l.name(), d);
  }

  @Override
  public String driver() {
    return "pool";
  }

  @Override
  public Set<Pass> passes() {
    return EnumSet.of(Pass.FWD_D, Pass.BWD_D);
  }

  private Shape x() {
    return Shape.of(desc.n(), desc.c(), desc.h(), desc.w());
  }

  private Shape y() {
    return Shape.of(desc.n(), desc.c(), desc.p(), desc.q());
  }

  @Override
  public double operations() {
    return (double) y().size() * desc.r() * desc.s();
  }

  @Override
  public double bytes(Pass pass) {
    return pass == Pass.FWD_D
        ? 4.0 * (x().size() + y().size())
        : 4.0 * (2 * x().size() + 2 * y().size());
  }

  @Override
  public PoolProblem single(ElementType type) {
    return new PoolProblem(
        prb,
        name,
        Pool2dDesc.of(
            Pooling.MAX, type, 1, desc.c(), desc.h(), desc.w(), desc.r(), desc.strideH()));
  }

  @Override
  public PeerProblem forPeer(Pass pass) {
    Map<String, Integer> g = new TreeMap<>();
    g.put("n", Math.toIntExact(desc.n()));
    g.put("c", desc.c());
    g.put("h", desc.h());
    g.put("w", desc.w());
    g.put("p", desc.p());
    g.put("q", desc.q());
    g.put("r", desc.r());
    g.put("s", desc.s());
    g.put("stride_h", desc.strideH());
    g.put("stride_w", desc.strideW());
    return new PeerProblem(driver(), pass.name(), g, null);
  }

  @Override
  public Prepared prepare(Backend backend, Pass pass, Precision precision, String implementation) {
    Pool2dPlan plan =
        backend.plan(desc, PlanOptions.directions(pass.direction()).implementation(implementation));
    Context ctx = backend.newContext();
    Tensors t = new Tensors(backend, desc.type(), x(), y(), x(), y());
    Tensor x = t.random(x());
    Tensor y = t.empty(y());
    if (pass == Pass.FWD_D) {
      return new Execution(plan, pass, ctx, t, y, () -> plan.forward(ctx, x, y), null);
    }
    try (Pool2dPlan forward = backend.plan(desc, PlanOptions.forward())) {
      forward.forward(ctx, x, y);
    }
    Tensor dx = t.empty(x());
    Tensor dy = t.random(y());
    return new Execution(plan, pass, ctx, t, dx, () -> plan.backwardData(ctx, x, y, dy, dx), null);
  }
}
