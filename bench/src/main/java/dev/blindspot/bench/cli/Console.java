package dev.blindspot.bench.cli;

import java.io.PrintWriter;

/**
 * Where a command writes: results to {@code out}, everything else to {@code err}.
 *
 * @param terminal true if a person watches: then progress is a bar, else a line now and then
 */
record Console(PrintWriter out, PrintWriter err, boolean terminal) {}
