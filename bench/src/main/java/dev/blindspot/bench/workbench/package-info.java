/**
 * The workbench: primitives timed at given shapes, in benchdnn's grammar, with the implementation
 * that ran, its share of what the machine reaches, and its error against double arithmetic.
 *
 * <p>One thread drives the backend; nothing else should run on the machine meanwhile.
 */
package dev.blindspot.bench.workbench;
