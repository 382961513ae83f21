package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import java.util.Map;

/**
 * A network prepared for a backend. Owns activations and gradients, laid out once; belongs to one
 * thread at a time. The first use of a batch size, and of other tensors for x or dy than the last
 * of that size, binds views (allocates on the heap); repeated calls with the same tensors allocate
 * nothing.
 */
public interface NetworkPlan extends AutoCloseable {

  /** The network that was planned. */
  Network network();

  /** Where it runs. */
  Backend backend();

  /** Largest batch. */
  int maxBatch();

  /** What it was planned for. */
  NetworkOptions options();

  /**
   * Runs the network.
   *
   * @param x [n,...] with 1..maxBatch samples, kept unchanged; must stay until backward
   * @return the output [n,...], owned by the plan and overwritten by the next forward
   */
  Tensor forward(Context ctx, Tensor x);

  /**
   * The planned gradients of sum(dy * y), once after each {@link #forward}: gradients take the
   * memory of activations that are no longer needed.
   *
   * @param dy [n,...]: gradient with respect to the output
   * @throws dev.blindspot.engine.InvalidInputException without a forward before, for a dy of
   *     another size, or in a plan without gradients
   */
  void backward(Context ctx, Tensor dy);

  /** The input's gradient [n,...] of the last backward; owned by the plan. */
  Tensor inputGradient();

  /** Gradient of a trainable parameter, owned by the plan. */
  Tensor parameterGradient(String node, String parameter);

  /** Output [n,...] of a layer named in {@link NetworkOptions#keep}, of the last forward. */
  Tensor output(String node);

  /** Must be called after the parameters changed and before the next forward. */
  void parametersChanged(Context ctx);

  /** Sets the step that dropout's random numbers are keyed by (the sample indices count from 0). */
  void step(long step);

  /**
   * The same in the order of executions, without waiting: what a loop calls before each replay of a
   * recorded step, so that each draws other numbers.
   */
  void step(Context ctx, long step);

  /** Implementations by layer, for result files. */
  Map<String, String> implementations();

  /** Bytes of activations and gradients. */
  long memoryBytes();

  @Override
  void close();
}
