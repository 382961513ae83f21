/**
 * Networks as immutable graphs of layers, their parameters, and plans that execute them.
 *
 * <p>A {@link dev.blindspot.nn.Network} and its layers are immutable and may be shared. {@link
 * dev.blindspot.nn.Parameters} own their memory and are changed by one thread at a time. A {@link
 * dev.blindspot.nn.NetworkPlan} owns its activations and gradients and belongs to one thread at a
 * time, as does the context it runs on.
 */
package dev.blindspot.nn;
