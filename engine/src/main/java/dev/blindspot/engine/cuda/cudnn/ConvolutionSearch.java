package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.*;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.cuda.library.CudaAddress;
import dev.blindspot.engine.cuda.library.LibraryContext;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * cuDNN's algorithms for one direction of a convolution: measured on real buffers, or ranked by its
 * heuristics. Slow and allocating: for plan time.
 */
@SuppressWarnings("deprecation") // cuDNN's legacy interface
final class ConvolutionSearch {

  /**
   * An algorithm as cuDNN reports it.
   *
   * @param status 0 if it ran
   * @param memory bytes of workspace it had
   * @param milliseconds that it took; below 0 if it did not run
   */
  record Found(
      int algorithm,
      int mathType,
      boolean deterministic,
      int status,
      long memory,
      float milliseconds) {}

  /**
   * Device addresses of the buffers to measure on.
   *
   * @param workspaceBytes that algorithms may use
   */
  record Buffers(long x, long w, long y, long workspace, long workspaceBytes) {}

  private static final List<String> FORWARD_NAMES =
      List.of(
          "implicit-gemm",
          "implicit-precomp-gemm",
          "gemm",
          "direct",
          "fft",
          "fft-tiling",
          "winograd",
          "winograd-nonfused");
  private static final List<String> BACKWARD_DATA_NAMES =
      List.of("algo-0", "algo-1", "fft", "fft-tiling", "winograd", "winograd-nonfused");
  private static final List<String> BACKWARD_WEIGHTS_NAMES =
      List.of("algo-0", "algo-1", "fft", "algo-3", "winograd", "winograd-nonfused", "fft-tiling");

  private final Direction direction;
  private final cudnnContext cudnn;
  private final cudnnTensorStruct x;
  private final cudnnFilterStruct w;
  private final cudnnTensorStruct y;

  ConvolutionSearch(
      Direction direction,
      LibraryContext c,
      cudnnTensorStruct x,
      cudnnFilterStruct w,
      cudnnTensorStruct y) {
    this.direction = direction;
    this.cudnn = c.cudnn();
    this.x = x;
    this.w = w;
    this.y = y;
  }

  /** How many algorithms the direction has, whether or not they are supported. */
  int algorithms() {
    return switch (direction) {
      case FORWARD -> CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
      case BACKWARD_DATA -> CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
      case BACKWARD_WEIGHTS -> CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
    };
  }

  /** cuDNN's name of an algorithm, shortened: "winograd-nonfused". */
  static String name(Direction direction, int algorithm) {
    List<String> names =
        switch (direction) {
          case FORWARD -> FORWARD_NAMES;
          case BACKWARD_DATA -> BACKWARD_DATA_NAMES;
          case BACKWARD_WEIGHTS -> BACKWARD_WEIGHTS_NAMES;
        };
    return algorithm < names.size() ? names.get(algorithm) : "algorithm-" + algorithm;
  }

  /** Whether an algorithm only multiplies and adds the numbers it is given: no transforms. */
  boolean direct(int algorithm) {
    return switch (direction) {
      case FORWARD -> algorithm <= CUDNN_CONVOLUTION_FWD_ALGO_DIRECT;
      case BACKWARD_DATA -> algorithm <= CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
      case BACKWARD_WEIGHTS ->
          algorithm <= CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1
              || algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3;
    };
  }

  /** Bytes of workspace that an algorithm needs; -1 if it does not support this convolution. */
  long workspace(cudnnConvolutionStruct convolution, int algorithm) {
    try (SizeTPointer bytes = new SizeTPointer(1)) {
      int status =
          switch (direction) {
            case FORWARD ->
                cudnnGetConvolutionForwardWorkspaceSize(
                    cudnn, x, w, convolution, y, algorithm, bytes);
            case BACKWARD_DATA ->
                cudnnGetConvolutionBackwardDataWorkspaceSize(
                    cudnn, w, y, convolution, x, algorithm, bytes);
            case BACKWARD_WEIGHTS ->
                cudnnGetConvolutionBackwardFilterWorkspaceSize(
                    cudnn, x, y, convolution, w, algorithm, bytes);
          };
      return status == 0 ? bytes.get() : -1;
    }
  }

  private int limit(String doing) {
    int[] count = new int[1];
    int status =
        switch (direction) {
          case FORWARD -> cudnnGetConvolutionForwardAlgorithmMaxCount(cudnn, count);
          case BACKWARD_DATA -> cudnnGetConvolutionBackwardDataAlgorithmMaxCount(cudnn, count);
          case BACKWARD_WEIGHTS -> cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(cudnn, count);
        };
    CudnnStatus.check(status, doing + ": counting algorithms");
    return count[0];
  }

  /** Each algorithm run on the buffers, fastest first; overwrites the output's buffer. */
  List<Found> measure(cudnnConvolutionStruct convolution, Buffers b, String doing) {
    return find(convolution, b, doing);
  }

  /** Algorithms by cuDNN's own ranking: the same on each run. */
  List<Found> rank(cudnnConvolutionStruct convolution, String doing) {
    return find(convolution, null, doing);
  }

  private List<Found> find(cudnnConvolutionStruct convolution, Buffers b, String doing) {
    int limit = limit(doing);
    return switch (direction) {
      case FORWARD -> forward(convolution, b, limit, doing);
      case BACKWARD_DATA -> backwardData(convolution, b, limit, doing);
      case BACKWARD_WEIGHTS -> backwardWeights(convolution, b, limit, doing);
    };
  }

  private static Pointer at(long address) {
    return new CudaAddress(address);
  }

  private List<Found> forward(cudnnConvolutionStruct conv, Buffers b, int limit, String doing) {
    int[] got = new int[1];
    try (var perf = new cudnnConvolutionFwdAlgoPerf_t(limit)) {
      int status =
          b == null
              ? cudnnGetConvolutionForwardAlgorithm_v7(cudnn, x, w, conv, y, limit, got, perf)
              : cudnnFindConvolutionForwardAlgorithmEx(
                  cudnn,
                  x,
                  at(b.x),
                  w,
                  at(b.w),
                  conv,
                  y,
                  at(b.y),
                  limit,
                  got,
                  perf,
                  at(b.workspace),
                  b.workspaceBytes);
      List<Found> found = new ArrayList<>();
      for (int i = 0; i < results(status, got, doing); i++) {
        var p = perf.getPointer(i);
        found.add(
            new Found(
                p.algo(),
                p.mathType(),
                p.determinism() == CUDNN_DETERMINISTIC,
                p.status(),
                p.memory(),
                p.time()));
      }
      return found;
    }
  }

  private List<Found> backwardData(
      cudnnConvolutionStruct conv, Buffers b, int limit, String doing) {
    int[] got = new int[1];
    try (var perf = new cudnnConvolutionBwdDataAlgoPerf_t(limit)) {
      int status =
          b == null
              ? cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnn, w, y, conv, x, limit, got, perf)
              : cudnnFindConvolutionBackwardDataAlgorithmEx(
                  cudnn,
                  w,
                  at(b.w),
                  y,
                  at(b.y),
                  conv,
                  x,
                  at(b.x),
                  limit,
                  got,
                  perf,
                  at(b.workspace),
                  b.workspaceBytes);
      List<Found> found = new ArrayList<>();
      for (int i = 0; i < results(status, got, doing); i++) {
        var p = perf.getPointer(i);
        found.add(
            new Found(
                p.algo(),
                p.mathType(),
                p.determinism() == CUDNN_DETERMINISTIC,
                p.status(),
                p.memory(),
                p.time()));
      }
      return found;
    }
  }

  private List<Found> backwardWeights(
      cudnnConvolutionStruct conv, Buffers b, int limit, String doing) {
    int[] got = new int[1];
    try (var perf = new cudnnConvolutionBwdFilterAlgoPerf_t(limit)) {
      int status =
          b == null
              ? cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                  cudnn, x, y, conv, w, limit, got, perf)
              : cudnnFindConvolutionBackwardFilterAlgorithmEx(
                  cudnn,
                  x,
                  at(b.x),
                  y,
                  at(b.y),
                  conv,
                  w,
                  at(b.w),
                  limit,
                  got,
                  perf,
                  at(b.workspace),
                  b.workspaceBytes);
      List<Found> found = new ArrayList<>();
      for (int i = 0; i < results(status, got, doing); i++) {
        var p = perf.getPointer(i);
        found.add(
            new Found(
                p.algo(),
                p.mathType(),
                p.determinism() == CUDNN_DETERMINISTIC,
                p.status(),
                p.memory(),
                p.time()));
      }
      return found;
    }
  }

  /** Number of results; 0 if cuDNN says that it supports none. */
  private static int results(int status, int[] got, String doing) {
    if (CudnnStatus.notSupported(status)) {
      return 0;
    }
    CudnnStatus.check(status, doing + ": searching algorithms");
    return got[0];
  }
}
