package dev.blindspot.engine;

/**
 * Whether a backend can be used here.
 *
 * @param available true if {@link BackendProvider#create} can be expected to work
 * @param reason if unavailable: what is missing and what to do; else what was found
 */
public record Probe(boolean available, String reason) {}
