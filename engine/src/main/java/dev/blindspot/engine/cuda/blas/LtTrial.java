package dev.blindspot.engine.cuda.blas;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.spi.tuning.Tuner;
import dev.blindspot.engine.spi.tuning.TuningStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which of the algorithms that cublasLt ranks forms a product of these sizes: the one that was
 * measured fastest on this machine, else the first.
 */
record LtTrial(LtProduct product, long m, long n, long k, int alignment) {
  private static final String RANK = "rank ";

  private String question() {
    return "cublasLt algorithm "
        + product.type()
        + " "
        + product.precision()
        + " m="
        + m
        + " n="
        + n
        + " k="
        + k
        + (product.transposeA() ? " a^T" : "")
        + (product.transposeB() ? " b^T" : "")
        + " epilogue "
        + product.epilogue()
        + " aligned "
        + alignment;
  }

  /**
   * The one to be used. Measures only when a plan is made, which is done by a context that has no
   * workspace; not in the middle of an execution of another batch.
   *
   * @param ranked by cublasLt, best first; at least one
   */
  LtMatmul choose(LibraryContext c, List<LtMatmul> ranked) {
    TuningStore store = product.backend().tuning();
    Optional<String> known = store.find(question());
    boolean planning = c.workspace() == 0;
    if (known.isEmpty() && store.measures() && planning && ranked.size() > 1) {
      measure(c, ranked, store);
      known = store.find(question());
    }
    return ranked.get(known.map(answer -> place(answer, ranked.size())).orElse(0));
  }

  /** 0 for what is no answer here. */
  private static int place(String answer, int count) {
    for (int i = 0; i < count; i++) {
      if (answer.equals(RANK + i)) {
        return i;
      }
    }
    return 0;
  }

  private static long aligned(long bytes) {
    return (bytes + 255) / 256 * 256;
  }

  private void measure(LibraryContext c, List<LtMatmul> ranked, TuningStore store) {
    long size = product.type().bytes();
    long b = aligned(m * k * size);
    long d = b + aligned(k * n * size);
    long epilogue = d + aligned(m * n * size);
    long workspace = epilogue + aligned(Math.max(n * size, 4 * m * LtProduct.maskWords(n)));
    long bytes = workspace + LtProduct.WORKSPACE;
    long base;
    try {
      base = product.backend().allocate(bytes, "measuring algorithms for " + product.doing());
    } catch (AllocationException e) {
      return; // the matrices themselves may still fit; the first is taken
    }
    try {
      c.clear(base, bytes);
      Map<String, Runnable> steps = new LinkedHashMap<>();
      for (int i = 0; i < ranked.size(); i++) {
        LtMatmul candidate = ranked.get(i);
        steps.put(
            RANK + i,
            () ->
                candidate.attempt(
                    c,
                    product.type(),
                    base,
                    base + b,
                    base + d,
                    base + epilogue,
                    base + workspace));
      }
      Map<String, Double> seconds = Tuner.measure(c::time, steps);
      store.keep(question(), Tuner.best(seconds), seconds);
    } finally {
      c.finish();
      product.backend().free(base, bytes);
    }
  }
}
