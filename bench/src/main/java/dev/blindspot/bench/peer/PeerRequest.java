package dev.blindspot.bench.peer;

/**
 * A line to a peer.
 *
 * @param op "prepare" a problem (the one before is released), "time" a series of executions, write
 *     the "result" of one execution
 * @param problem to prepare; else null
 * @param variant of the prepared ones, from 0
 * @param count executions of a series
 * @param file for the result: float32, little endian, NCHW
 */
public record PeerRequest(String op, PeerProblem problem, int variant, int count, String file) {
  static final String PREPARE = "prepare";
  static final String TIME = "time";
  static final String RESULT = "result";

  static PeerRequest prepare(PeerProblem problem) {
    return new PeerRequest(PREPARE, problem, 0, 0, null);
  }

  static PeerRequest time(int variant, int count) {
    return new PeerRequest(TIME, null, variant, count, null);
  }

  static PeerRequest result(int variant, String file) {
    return new PeerRequest(RESULT, null, variant, 0, file);
  }
}
