package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_DEFAULT_MATH;
import static org.bytedeco.cuda.global.cudnn.CUDNN_FMA_MATH;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.cudnn.ConvolutionBatch.Choice;
import dev.blindspot.engine.cuda.cudnn.ConvolutionSearch.Buffers;
import dev.blindspot.engine.cuda.cudnn.ConvolutionSearch.Found;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.primitives.Conv2dDesc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/**
 * Chooses the algorithm of one direction: what was measured on this machine, else as cuDNN ranks
 * them, so equal plans give equal bits, those of other processes too. Strict FP32 applies {@code
 * CUDNN_FMA_MATH} to whatever is chosen: cuDNN's search also tries its default, which allows TF32.
 */
final class ConvolutionChooser {
  /** Most workspace that an algorithm may ask for. */
  static final long MOST_WORKSPACE = 256L << 20;

  private record Key(
      Conv2dDesc desc, Precision precision, boolean exact, Direction direction, long n) {

    /** As it is asked of the choices that are kept. */
    String question() {
      return "cudnn algorithm"
          + (exact ? ", exact" : "")
          + " "
          + desc
          + " ["
          + direction
          + "] "
          + precision
          + " batch "
          + n;
    }
  }

  private record Chosen(int algorithm, int mathType) {
    private static final String BY = " by math type ";

    String answer(Direction direction) {
      return ConvolutionSearch.name(direction, algorithm) + BY + mathType;
    }

    /** Null if it is no answer of this form. */
    static Chosen of(String answer, ConvolutionSearch search, Direction direction) {
      for (int a = 0; a < search.algorithms(); a++) {
        String start = ConvolutionSearch.name(direction, a) + BY;
        if (answer.startsWith(start) && answer.substring(start.length()).matches("[0-9]{1,4}")) {
          return new Chosen(a, Integer.parseInt(answer.substring(start.length())));
        }
      }
      return null;
    }
  }

  private record Refused(
      Conv2dDesc desc, Precision precision, boolean exact, Set<Direction> directions) {}

  private final LibraryBackend backend;
  private final Map<Key, Chosen> chosen = new ConcurrentHashMap<>();
  private final Map<Refused, String> refused = new ConcurrentHashMap<>();

  ConvolutionChooser(LibraryBackend backend) {
    this.backend = backend;
  }

  /** The reason why a plan like this could not be made before, or "". */
  String refusal(Conv2dDesc d, PlanOptions o, boolean exact) {
    return refused.getOrDefault(new Refused(d, o.precision(), exact, o.directions()), "");
  }

  /** Remembers that a plan like this cannot be made. */
  void refuse(Conv2dDesc d, PlanOptions o, boolean exact, UnsupportedException reason) {
    refused.put(new Refused(d, o.precision(), exact, o.directions()), reason.getMessage());
  }

  /**
   * What is to be chosen for.
   *
   * @param exact only deterministic algorithms without transforms
   */
  record Request(
      Conv2dDesc desc, Precision precision, boolean exact, ConvolutionShapes shapes, String doing) {

    /** Products of F32 in F32, and nothing else. */
    boolean strict() {
      return precision == Precision.FP32 && desc.type() == ElementType.F32;
    }

    int mathType() {
      return strict() ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
    }
  }

  /**
   * The algorithm for a batch of n.
   *
   * @param planned what was chosen for the planned batch; null for that batch itself
   * @throws UnsupportedException if no algorithm fits
   */
  Choice choose(
      Request r,
      LibraryContext c,
      Direction direction,
      int n,
      cudnnTensorStruct x,
      cudnnTensorStruct y,
      Choice planned) {
    ConvolutionSearch search = new ConvolutionSearch(direction, c, x, r.shapes.w(), y);
    if (planned != null) {
      long bytes = search.workspace(planned.convolution(), planned.algorithm());
      if (bytes >= 0 && bytes <= planned.workspaceBytes()) {
        return new Choice(planned.algorithm(), planned.mathType(), planned.convolution(), bytes);
      }
    }
    long limit = planned == null ? MOST_WORKSPACE : planned.workspaceBytes();
    Key key = new Key(r.desc, r.precision, r.exact, direction, n);
    Optional<String> stored = backend.tuning().find(key.question());
    Chosen known = chosen.get(key);
    if (known == null && stored.isPresent()) {
      known = Chosen.of(stored.get(), search, direction);
    }
    if (known != null) {
      Choice again = accept(r, search, known.algorithm, known.mathType, limit);
      if (again != null) {
        return again;
      }
    }
    cudnnConvolutionStruct trial = r.shapes.convolution(r.mathType());
    List<Found> found = null;
    if (planned == null && backend.tuning().measures()) {
      found = measure(r, c, search, trial, n);
    }
    boolean measured = found != null;
    if (!measured) {
      found = search.rank(trial, r.doing);
    }
    Choice choice = best(r, search, found, limit);
    if (choice == null) {
      throw new UnsupportedException(offered(r, direction, n, found, limit));
    }
    Chosen fresh = new Chosen(choice.algorithm(), choice.mathType());
    chosen.put(key, fresh);
    if (measured) {
      keep(key, fresh, found);
    }
    return choice;
  }

  /** Keeps a measured choice; cuDNN tries algorithms by several math types. */
  private void keep(Key key, Chosen fresh, List<Found> found) {
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (Found f : found) {
      if (f.status() == 0 && f.milliseconds() >= 0) {
        String name = new Chosen(f.algorithm(), f.mathType()).answer(key.direction);
        seconds.merge(name, f.milliseconds() * 1e-3, Math::min);
      }
    }
    if (!seconds.isEmpty()) {
      backend.tuning().keep(key.question(), fresh.answer(key.direction), seconds);
    }
  }

  /** Fastest first; in strict FP32 those that were run so before those that were not. */
  private static Choice best(Request r, ConvolutionSearch search, List<Found> found, long limit) {
    List<Found> order = new ArrayList<>(found);
    if (r.strict()) {
      order.sort(
          (a, b) ->
              Boolean.compare(b.mathType() == CUDNN_FMA_MATH, a.mathType() == CUDNN_FMA_MATH));
    }
    for (Found f : order) {
      boolean allowed = !r.exact || (f.deterministic() && search.direct(f.algorithm()));
      if (f.status() == 0 && allowed) {
        int mathType = r.strict() ? CUDNN_FMA_MATH : f.mathType();
        Choice choice = accept(r, search, f.algorithm(), mathType, limit);
        if (choice != null) {
          return choice;
        }
      }
    }
    return null;
  }

  /** The algorithm with its math type applied, or null if its workspace passes the limit. */
  private static Choice accept(
      Request r, ConvolutionSearch search, int algorithm, int mathType, long limit) {
    cudnnConvolutionStruct convolution = r.shapes.convolution(mathType);
    long bytes = search.workspace(convolution, algorithm);
    return bytes < 0 || bytes > limit ? null : new Choice(algorithm, mathType, convolution, bytes);
  }

  /** Null where memory is too scarce for it. */
  private List<Found> measure(
      Request r, LibraryContext c, ConvolutionSearch search, cudnnConvolutionStruct trial, int n) {
    long workspace = 0;
    for (int a = 0; a < search.algorithms(); a++) {
      long bytes = search.workspace(trial, a);
      workspace = bytes <= MOST_WORKSPACE ? Math.max(workspace, bytes) : workspace;
    }
    long w = aligned(r.shapes.xBytes(n));
    long y = w + aligned(r.shapes.wBytes());
    long space = y + aligned(r.shapes.yBytes(n));
    long bytes = space + workspace;
    long base;
    try {
      base = backend.allocate(bytes, "measuring algorithms for " + r.desc.summary());
    } catch (AllocationException e) {
      return null; // the tensors themselves may still fit: cuDNN's ranking needs no memory
    }
    try {
      c.clear(base, bytes);
      return search.measure(
          trial, new Buffers(base, base + w, base + y, base + space, workspace), r.doing);
    } finally {
      c.finish();
      backend.free(base, bytes);
    }
  }

  static long aligned(long bytes) {
    return (bytes + 255) / 256 * 256;
  }

  private static String offered(
      Request r, Direction direction, int n, List<Found> found, long limit) {
    StringJoiner each = new StringJoiner(", ", "; cuDNN offered [", "]");
    for (Found f : found) {
      each.add(
          "algorithm "
              + f.algorithm()
              + " "
              + CudnnStatus.name(f.status())
              + (f.deterministic() ? "" : " not deterministic")
              + " workspace "
              + f.memory());
    }
    return "no algorithm for "
        + direction
        + " of a batch of "
        + n
        + (r.exact ? " that is deterministic and without transforms" : "")
        + " within "
        + limit
        + " bytes of workspace"
        + each;
  }
}
