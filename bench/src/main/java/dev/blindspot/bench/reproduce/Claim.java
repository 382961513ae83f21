package dev.blindspot.bench.reproduce;

/**
 * Something the paper says or these results should show, and whether they do.
 *
 * @param text one sentence
 * @param holds true if the numbers show it
 */
public record Claim(String text, boolean holds) {}
