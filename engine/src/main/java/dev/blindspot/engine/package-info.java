/**
 * Tensors, memory, backends, and the pattern Desc, Plan, execute that every primitive follows.
 *
 * <p>A {@link dev.blindspot.engine.TensorArena} owns memory, tensors are views. A {@link
 * dev.blindspot.engine.Backend} and its plans may be shared between threads; a {@link
 * dev.blindspot.engine.Context} belongs to one thread at a time.
 */
package dev.blindspot.engine;
