package dev.blindspot.engine.cuda.library;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.spi.kernels.KernelCall;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.javacpp.Pointer;

/**
 * A context while it executes one plan: between {@link LibraryBackend#begin} and {@link #end}.
 * Every call is submitted to its stream, or recorded. Nothing here allocates.
 */
public interface LibraryContext extends KernelCall {

  /** cuDNN's handle, bound to the stream. */
  cudnnContext cudnn();

  /** cublasLt's handle. */
  cublasLtContext blasLt();

  CUstream_st stream();

  /** Address of the workspace that begin asked for; 256-byte aligned. */
  long workspace();

  /** The tensor's address, 0 for null; a recording keeps in mind that it needs the tensor. */
  long use(Tensor t);

  /**
   * Pointer number {@code slot} of 0..9, set to this address; valid until the slot is set again.
   */
  Pointer pointer(int slot, long address);

  /**
   * Scalar number {@code slot} of 0..1 in host memory, as the libraries read alpha and beta: a
   * double for F64, else a float.
   */
  Pointer scalar(int slot, ElementType type, double value);

  /** Copies within device memory. */
  void copy(long to, long from, long bytes);

  /** Sets bytes of device memory to 0. */
  void clear(long address, long bytes);

  /** Whether the calls are recorded instead of executed. */
  boolean recording();

  /** Seconds from the first to the last of what the step submits, by the device's clock. */
  double time(Runnable step);

  /** Waits for the stream; not while recording. */
  void finish();

  /**
   * Puts the address of a kernel's operand that is no tensor: n rows, so many elements in all.
   *
   * @param address as from {@link #workspace} or {@link #use}
   */
  LibraryContext put(long address, long n, long elements, ElementType type);

  /** Starts the arguments of a further kernel in this execution. */
  LibraryContext next();

  /**
   * A library's call failed: marks the context as lost where the device is, and gives it back.
   * Callers throw afterwards.
   */
  void failed();

  /** Gives the context back after the last call. */
  void end();
}
