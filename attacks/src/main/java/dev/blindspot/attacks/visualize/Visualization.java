package dev.blindspot.attacks.visualize;

import java.util.List;

/**
 * One picture. Owns its arrays, which are not copied: they must not be written to.
 *
 * @param index channel, unit or class that was looked for
 * @param start [c,h,w] in [0,1]: where the ascent began
 * @param image [c,h,w] in [0,1]: where it ended
 * @param before the objective of {@code start}, without jitter
 * @param after the objective of {@code image}, without jitter
 * @param path the objective at each gradient, at the octave's size and with jitter
 * @param startLabel what the network says of {@code start}
 * @param startProbability softmax of that label's logit
 * @param label what the network says of {@code image}
 * @param probability softmax of that label's logit
 * @param zeroGradients gradients of the objective that were zero everywhere: the unit was off
 */
public record Visualization(
    int index,
    float[] start,
    float[] image,
    double before,
    double after,
    List<Double> path,
    int startLabel,
    double startProbability,
    int label,
    double probability,
    int zeroGradients) {}
