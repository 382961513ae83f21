package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * A matrix product with weights, benchdnn's {@code --matmul} "MxK:KxN": forward is the dense
 * layer's x [m,k] to y [m,n] with packed weights, BWD_D its way back, BWD_W the weights' gradient.
 */
record MatmulProblem(String prb, String name, int m, int k, int n, ElementType type)
    implements Problem {

  static MatmulProblem parse(String text, String place) {
    DimsLine l = DimsLine.parse(text, place, 2);
    Shape a = l.shapes().get(0);
    Shape b = l.shapes().get(1);
    if (a.rank() != 2 || b.rank() != 2 || a.dim(1) != b.dim(0)) {
      throw DimsLine.bad(
          text, place, "it must be MxK:KxN, the inner sizes equal; there are " + a + " and " + b);
    }
    if (Math.max(a.size(), b.size()) > Integer.MAX_VALUE) {
      throw DimsLine.bad(text, place, "a matrix has 2^31 elements or more");
    }
    return new MatmulProblem(
        text, l.name(), (int) a.dim(0), (int) a.dim(1), (int) b.dim(1), ElementType.F32);
  }

  @Override
  public String driver() {
    return "matmul";
  }

  @Override
  public Set<Pass> passes() {
    return EnumSet.of(Pass.FWD_D, Pass.BWD_D, Pass.BWD_W);
  }

  @Override
  public double operations() {
    return 2.0 * m * n * k;
  }

  @Override
  public double bytes(Pass pass) {
    return 4.0 * ((double) m * k + (double) k * n + (double) m * n);
  }

  @Override
  public MatmulProblem single(ElementType other) {
    return new MatmulProblem(prb, name, m, k, n, other);
  }

  @Override
  public PeerProblem forPeer(Pass pass) {
    return new PeerProblem(driver(), pass.name(), Map.of("m", m, "k", k, "n", n), null);
  }

  @Override
  public Prepared prepare(Backend backend, Pass pass, Precision precision, String implementation) {
    Direction d = pass.direction();
    LinearPlan plan =
        backend.plan(
            LinearDesc.of(type, m, k, n),
            PlanOptions.directions(d).precision(precision).implementation(implementation));
    Context ctx = backend.newContext();
    Shape xs = Shape.of(m, k);
    Shape ws = Shape.of(n, k);
    Shape ys = Shape.of(m, n);
    Tensors t = new Tensors(backend, type, xs, ws, ys);
    Tensor x = d == Direction.BACKWARD_DATA ? t.empty(xs) : t.random(xs);
    Tensor w = d == Direction.BACKWARD_WEIGHTS ? t.empty(ws) : t.random(ws);
    Tensor y = d == Direction.FORWARD ? t.empty(ys) : t.random(ys);
    if (d == Direction.BACKWARD_WEIGHTS) {
      return new Execution(plan, pass, ctx, t, w, () -> plan.backwardWeights(ctx, x, y, w), null);
    }
    PackedWeights packed = plan.pack(ctx, w);
    return d == Direction.FORWARD
        ? new Execution(plan, pass, ctx, t, y, () -> plan.forward(ctx, x, packed, null, y), packed)
        : new Execution(plan, pass, ctx, t, x, () -> plan.backwardData(ctx, y, packed, x), packed);
  }
}
