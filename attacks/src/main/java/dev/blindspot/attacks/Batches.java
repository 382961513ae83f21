package dev.blindspot.attacks;

/** Runs an attack batch by batch. */
final class Batches {
  private Batches() {}

  /** The attack on one batch. */
  interface Work {
    /**
     * Attacks all samples of the batch that are not excluded and leaves the findings in it,
     * restored.
     */
    void attack(Batch batch, AttackListener listener);
  }

  /**
   * Runs all batches.
   *
   * @param ownBytes of the attack's own tensors, for each sample
   * @param ownTensors their number
   */
  static AttackResult run(
      AttackProblem problem,
      Attack attack,
      long ownBytes,
      int ownTensors,
      AttackListener listener,
      Work work) {
    ResultBuilder result = new ResultBuilder(problem);
    Confidence confidence = Confidence.of(problem);
    int size = Batch.size(problem, ownBytes);
    int total = problem.count();
    for (int from = 0; from < total; from += size) {
      int count = Math.min(size, total - from);
      int before = from;
      try (Batch batch = new Batch(problem, from, count, ownBytes, ownTensors, confidence)) {
        work.attack(batch, (done, all) -> listener.progress(before + done, total));
        batch.read(result);
      }
      listener.progress(from + count, total);
    }
    return result.build(attack.toString(), attack.norm());
  }
}
