/**
 * Plans of primitives that kernels of our own execute, shared by the backends that have such
 * kernels (cpu, cuda): they check the tensors and write the arguments. No user needs it.
 */
package dev.blindspot.engine.spi.kernels;
