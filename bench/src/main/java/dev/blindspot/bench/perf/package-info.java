/**
 * Measurements and comparisons that the check on a GPU runs (bench/gpu). Programs of their own:
 * they own the backend, the contexts and the arenas that they make, use one thread, and print a
 * table beside the JSON file that they write.
 */
package dev.blindspot.bench.perf;
