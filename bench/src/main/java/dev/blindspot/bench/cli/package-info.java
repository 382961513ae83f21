/**
 * The command line: options, exit codes, and the commands that put networks, data, attacks and
 * bounds together.
 *
 * <p>A command runs on the calling thread and owns the backend, contexts and arenas it makes; they
 * are closed when it returns. Only {@link dev.blindspot.bench.cli.Main} ends the process.
 */
package dev.blindspot.bench.cli;
