package dev.blindspot.nn;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import java.util.List;

/**
 * A layer prepared for one network plan, which owns it: it may keep packed weights and belongs to
 * one thread at a time.
 */
public interface LayerPlan extends AutoCloseable {

  /** y from x. Allocates nothing. */
  void forward(Context ctx, LayerTensors t);

  /**
   * The planned gradients from dy: overwrites each {@code t.dx(i)} that is not null (adds to those
   * that accumulate) and, if planned, each {@code t.dw(i)}. Called after {@link #forward} with the
   * same tensors. Allocates nothing.
   */
  void backward(Context ctx, LayerTensors t);

  /** The parameters have changed: repack. Called before the next forward; not on the hot path. */
  default void parametersChanged(Context ctx, LayerTensors t) {}

  /** Scratch tensors for each sample that live from forward to backward, given as t.saved(i). */
  default List<Saved> saved() {
    return List.of();
  }

  /** A scratch tensor. */
  record Saved(ElementType type, Shape shapePerPlan) {}

  /** Names of the implementations used, for reports: "forward cpu:im2col-gemm". */
  default List<String> implementations() {
    return List.of();
  }

  @Override
  default void close() {}
}
