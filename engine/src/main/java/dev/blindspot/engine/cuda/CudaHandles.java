package dev.blindspot.engine.cuda;

import dev.blindspot.engine.NativeException;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudnn;

/** A context's handles of cuDNN and cuBLASLt, each made when first needed. */
final class CudaHandles implements AutoCloseable {
  private final CudaBackend backend;
  private final CUstream_st stream;
  private cudnnContext dnn;
  private cublasLtContext blas;

  CudaHandles(CudaBackend backend, CUstream_st stream) {
    this.backend = backend;
    this.stream = stream;
  }

  /** cuDNN's handle on the context's stream. */
  cudnnContext cudnn() {
    if (dnn == null) {
      cudnnContext made = new cudnnContext();
      checkDnn(cudnn.cudnnCreate(made), "making cuDNN's handle");
      checkDnn(cudnn.cudnnSetStream(made, stream), "giving cuDNN its stream");
      backend.usesCudnn();
      dnn = made;
    }
    return dnn;
  }

  /** cuBLASLt's handle; its calls take the stream. */
  cublasLtContext cublasLt() {
    if (blas == null) {
      cublasLtContext made = new cublasLtContext();
      int status = cublas.cublasLtCreate(made);
      if (status != 0) {
        throw new NativeException("cublasLt", "status " + status, "making its handle");
      }
      backend.usesCublasLt();
      blas = made;
    }
    return blas;
  }

  /** Makes what a recording may need, since nothing can be made within it. */
  void prepare() {
    if (backend.cudnnIsUsed()) {
      cudnn();
    }
    if (backend.cublasLtIsUsed()) {
      cublasLt();
    }
  }

  private static void checkDnn(int status, String doing) {
    if (status != 0) {
      throw new NativeException(
          "cudnn",
          "status " + status,
          doing + ": " + cudnn.cudnnGetErrorString(status).getString());
    }
  }

  @Override
  public void close() {
    if (dnn != null) {
      checkDnn(cudnn.cudnnDestroy(dnn), "closing cuDNN's handle");
      dnn = null;
    }
    if (blas != null) {
      cublas.cublasLtDestroy(blas);
      blas = null;
    }
  }
}
