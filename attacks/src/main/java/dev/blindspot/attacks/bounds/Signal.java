package dev.blindspot.attacks.bounds;

/**
 * What is known of one tensor of a network while the input moves in a ball around a sample.
 *
 * @param value at the sample, computed in double; it differs from the real one by at most {@code
 *     error} times {@link ErrorAnalysis#DOUBLE}
 * @param magnitude upper bound of |real value| over the ball
 * @param error upper bound, over the ball, of |float program's value - real value|
 * @param errorNorm upper bound of the Euclidean norm of that difference
 * @param ownNorm the same for the errors that arise in this layer alone
 */
record Signal(
    double[] value, double[] magnitude, double[] error, double errorNorm, double ownNorm) {}
