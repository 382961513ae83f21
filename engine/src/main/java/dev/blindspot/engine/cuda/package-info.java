/**
 * GPUs of NVIDIA: cuDNN, cuBLASLt and our CUDA C, compiled by NVRTC for the device at hand.
 *
 * <p>A {@code CudaBackend} owns the device's memory that arenas and contexts ask for, the compiled
 * modules and a pinned staging buffer; it is shared by threads. A {@code CudaContext} owns a stream
 * with its library handles and workspace and belongs to one thread at a time. Everything is
 * submitted to the context's stream and runs later; host copies of tensors wait for all streams of
 * the backend. No device memory is freed by the garbage collector. No type of the presets appears
 * outside this package.
 */
package dev.blindspot.engine.cuda;
