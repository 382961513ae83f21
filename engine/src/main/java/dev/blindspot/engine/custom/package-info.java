/**
 * Kernels of one's own: a {@link dev.blindspot.engine.custom.KernelSource} in C++ (backend cpu) or
 * Java (backend reference) is compiled by {@link dev.blindspot.engine.Backend#compile} into a
 * kernel that is launched, and recorded in programs, like the built-in ones.
 *
 * <p>Tensors stay their arenas'; compiled code stays loaded until the process ends. Sources,
 * arguments and compiled kernels are immutable and may be shared between threads; a launch belongs
 * to the thread that holds the context.
 */
package dev.blindspot.engine.custom;
