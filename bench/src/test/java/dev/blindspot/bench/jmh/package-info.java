/**
 * JMH benchmarks of what one call costs on the host: plan executions, tensors, every primitive. The
 * build compiles them; docs/bench.md has the command that runs them. Each state owns what it makes;
 * one thread uses it.
 */
package dev.blindspot.bench.jmh;
