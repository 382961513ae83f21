package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.cuda.library.BatchKey;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.tuning.Tuner;
import dev.blindspot.engine.spi.tuning.TuningStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which of cuDNN's engines executes a convolution's graph: as it was measured on this machine. */
record GraphTrial(LibraryBackend backend, Conv2dDesc desc, String precision) {
  /** Engines that are measured: cuDNN's ranking puts good ones early, and finishing takes time. */
  static final int ENGINES = 8;

  /** What is asked of the choices that are kept. */
  String question(Direction direction, boolean fused, long n, int alignment) {
    return "cudnn engine "
        + desc
        + " ["
        + direction
        + "] "
        + precision
        + (fused ? " fused" : "")
        + " batch "
        + n
        + " aligned "
        + alignment;
  }

  /** The name of the engine to be taken, or null for cuDNN's first. */
  String known(Direction direction, boolean fused, long n, int alignment) {
    return backend.tuning().find(question(direction, fused, n, alignment)).orElse(null);
  }

  /** Measures these plans on buffers of zeros and keeps the fastest. */
  void measure(
      LibraryContext c, Direction direction, boolean fused, Map<String, GraphExecution> plans) {
    TuningStore store = backend.tuning();
    if (plans.size() < 2) {
      return;
    }
    List<Long> sizes = sizes(direction, fused);
    long tensors = sizes.stream().mapToLong(ConvolutionChooser::aligned).sum();
    long workspace = 0;
    for (GraphExecution e : plans.values()) {
      workspace = Math.max(workspace, e.workspaceBytes());
    }
    long bytes = tensors + ConvolutionChooser.aligned(workspace + 1);
    long base;
    try {
      base = backend.allocate(bytes, "measuring engines for " + desc.summary());
    } catch (AllocationException e) {
      return; // the tensors themselves may still fit; cuDNN's first engine is taken
    }
    try {
      c.clear(base, bytes);
      Map<String, Runnable> steps = new LinkedHashMap<>();
      plans.forEach((name, e) -> steps.put(name, step(c, e, sizes, base, base + tensors)));
      Map<String, Double> seconds = Tuner.measure(c::time, steps);
      store.keep(
          question(direction, fused, desc.n(), BatchKey.ALIGNED), Tuner.best(seconds), seconds);
    } finally {
      c.finish();
      backend.free(base, bytes);
    }
  }

  private Runnable step(
      LibraryContext c, GraphExecution e, List<Long> sizes, long base, long workspace) {
    long at = base;
    for (int i = 0; i < sizes.size(); i++) {
      e.at(i, at);
      at += ConvolutionChooser.aligned(sizes.get(i));
    }
    return () -> CudnnStatus.check(e.execute(c, workspace), "measuring engines");
  }

  /** Bytes of the graph's tensors in their order, at least. */
  private List<Long> sizes(Direction direction, boolean fused) {
    long x = 4 * desc.n() * desc.c() * desc.h() * desc.w();
    long y = 4 * desc.n() * desc.k() * desc.p() * desc.q();
    long w = 4L * desc.k() * (desc.c() / desc.groups()) * desc.r() * desc.s();
    List<Long> sizes = new ArrayList<>();
    switch (direction) {
      case FORWARD -> {
        sizes.addAll(List.of(x, w));
        if (fused && desc.post().contains(PostOp.BIAS)) {
          sizes.add(4L * desc.k());
        }
        if (fused && desc.post().contains(PostOp.RESIDUAL_ADD)) {
          sizes.add(y);
        }
        sizes.add(y);
      }
      case BACKWARD_DATA -> {
        sizes.addAll(List.of(y, w));
        if (fused) {
          sizes.add(x);
        }
        sizes.add(x);
      }
      case BACKWARD_WEIGHTS -> sizes.addAll(List.of(x, y, w));
    }
    return sizes;
  }
}
