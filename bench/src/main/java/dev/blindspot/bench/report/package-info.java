/**
 * Results as records, their JSON, and the HTML report with its charts and pictures.
 *
 * <p>Everything here is plain data on the Java heap; no tensors, no threads of its own. Files are
 * written beside their target and renamed.
 */
package dev.blindspot.bench.report;
