package dev.blindspot.engine.cuda;

import dev.blindspot.engine.cuda.blas.LtStatus;
import dev.blindspot.engine.cuda.cudnn.CudnnStatus;
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
      CudnnStatus.check(cudnn.cudnnCreate(made), "making cuDNN's handle");
      CudnnStatus.check(cudnn.cudnnSetStream(made, stream), "giving cuDNN its stream");
      backend.usesCudnn();
      dnn = made;
    }
    return dnn;
  }

  /** cuBLASLt's handle; its calls take the stream. */
  cublasLtContext cublasLt() {
    if (blas == null) {
      cublasLtContext made = new cublasLtContext();
      LtStatus.check(cublas.cublasLtCreate(made), "making cublasLt's handle");
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

  @Override
  public void close() {
    if (dnn != null) {
      CudnnStatus.check(cudnn.cudnnDestroy(dnn), "closing cuDNN's handle");
      dnn = null;
    }
    if (blas != null) {
      LtStatus.check(cublas.cublasLtDestroy(blas), "closing cublasLt's handle");
      blas = null;
    }
  }
}
