package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Tensor;

/**
 * The curvature pairs of n rows; all three tensors can be compacted by rows like any other.
 *
 * @param s steps [n,memory,length]
 * @param y gradient differences [n,memory,length]
 * @param count I32 [n]: pairs that each row has stored so far; pair k lies at k mod memory. Fill it
 *     with 0 to begin; setting a row's count to 0 forgets its history.
 */
public record LbfgsHistory(Tensor s, Tensor y, Tensor count) {}
