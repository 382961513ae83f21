package dev.blindspot.nn;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ReorderDesc;
import dev.blindspot.engine.primitives.ReorderPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * A layer's plan whose inputs lie, as far as they are listed, in the other order of channels than
 * it computes in: they are brought into its order in scratch tensors, and their gradients back.
 */
final class ConvertedPlan implements LayerPlan {

  /**
   * An input in the other order.
   *
   * @param input its number
   * @param from the layout in which it lies
   * @param made shape of a sample as it lies
   * @param read shape of a sample as the layer sees it
   */
  record Edge(int input, Layout from, Shape made, Shape read) {
    /** One channel or one pixel: both orders are one. */
    boolean isSame() {
      return made.dim(0) == 1 || made.dim(1) * made.dim(2) == 1;
    }

    Layout to() {
      return from == Layout.NHWC ? Layout.NCHW : Layout.NHWC;
    }
  }

  private final LayerPlan inner;
  private final LayerSetup setup;
  private final List<Edge> edges;
  private final List<ReorderPlan> there = new ArrayList<>();
  private final List<ReorderPlan> back = new ArrayList<>();

  /** The tensors last seen, and what is made of them for the layer. */
  private LayerTensors seen;

  private Bound bound;

  /** Views of an edge's tensors: as images, source and copy of x and dx; null where unwanted. */
  private record Views(Tensor x, Tensor copy, Tensor dx, Tensor gradient) {}

  private record Bound(LayerTensors inner, List<Views> views) {}

  ConvertedPlan(LayerPlan inner, LayerSetup setup, List<Edge> edges) {
    this.inner = inner;
    this.setup = setup;
    this.edges = edges;
    for (Edge e : edges) {
      there.add(reorder(e, e.from(), e.to()));
      back.add(reorder(e, e.to(), e.from()));
    }
  }

  private ReorderPlan reorder(Edge e, Layout from, Layout to) {
    int c = (int) e.made().dim(0);
    int h = (int) e.made().dim(1);
    int w = (int) e.made().dim(2);
    return setup
        .backend()
        .plan(
            new ReorderDesc(setup.type(), setup.maxBatch(), c, h, w, from, to),
            PlanOptions.forward());
  }

  /** The layer's own, then x and dx of each edge in the layer's order. */
  @Override
  public List<Saved> saved() {
    List<Saved> all = new ArrayList<>(inner.saved());
    for (Edge e : edges) {
      if (!e.isSame()) {
        Saved image = new Saved(setup.type(), e.made().batched(setup.maxBatch()));
        all.add(image);
        all.add(image);
      }
    }
    return all;
  }

  private Bound bind(LayerTensors t) {
    if (seen != t) {
      int next = inner.saved().size();
      List<Tensor> xs = new ArrayList<>(t.xs());
      List<Tensor> dxs = new ArrayList<>(t.dxs());
      List<Views> views = new ArrayList<>();
      for (Edge e : edges) {
        Tensor x = xs.get(e.input());
        Tensor dx = dxs.get(e.input());
        Tensor copy = e.isSame() ? x : t.saved(next++);
        Tensor gradient = e.isSame() ? dx : t.saved(next++);
        Shape image = e.made().batched(x.n());
        views.add(
            new Views(
                view(x, image, e.from()),
                view(copy, image, e.to()),
                view(dx, image, e.from()),
                dx == null ? null : view(gradient, image, e.to())));
        Shape read = e.read().batched(x.n());
        xs.set(e.input(), view(copy, read, e.to()));
        dxs.set(e.input(), dx == null ? null : view(gradient, read, e.to()));
      }
      List<Tensor> scratch = t.scratch().subList(0, inner.saved().size());
      bound =
          new Bound(
              new LayerTensors(xs, t.y(), dxs, t.dy(), t.ws(), t.dws(), scratch, t.key()), views);
      seen = t;
    }
    return bound;
  }

  /** The same memory under another shape and layout. */
  private static Tensor view(Tensor t, Shape shape, Layout layout) {
    return t == null ? null : new Tensor(t.storage(), t.offset(), t.type(), shape, layout);
  }

  @Override
  public void forward(Context ctx, LayerTensors t) {
    Bound b = bind(t);
    for (int i = 0; i < edges.size(); i++) {
      if (!edges.get(i).isSame()) {
        there.get(i).execute(ctx, b.views.get(i).x, b.views.get(i).copy);
      }
    }
    inner.forward(ctx, b.inner);
  }

  @Override
  public void backward(Context ctx, LayerTensors t) {
    Bound b = bind(t);
    inner.backward(ctx, b.inner);
    for (int i = 0; i < edges.size(); i++) {
      Views v = b.views.get(i);
      if (!edges.get(i).isSame() && v.dx != null) {
        back.get(i).execute(ctx, v.gradient, v.dx);
      }
    }
  }

  @Override
  public void parametersChanged(Context ctx, LayerTensors t) {
    inner.parametersChanged(ctx, t);
  }

  @Override
  public List<String> implementations() {
    List<String> all = new ArrayList<>(inner.implementations());
    for (Edge e : edges) {
      if (!e.isSame()) {
        all.add("input " + e.input() + " reordered to " + e.to());
      }
    }
    return all;
  }

  @Override
  public void close() {
    inner.close();
    there.forEach(ReorderPlan::close);
    back.forEach(ReorderPlan::close);
  }
}
