package dev.blindspot.bench.report;

/**
 * An example with what the attack made of it. Takes ownership of the arrays.
 *
 * @param sample position in {@link AuditResult#samples}
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param original [channels, height, width] in [0,1]
 * @param adversarial like original
 */
public record Picture(
    int sample, int channels, int height, int width, float[] original, float[] adversarial) {}
