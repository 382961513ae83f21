/**
 * Plans that call cublasLt: dense layers and matrix products.
 *
 * <p>Tensors are row-major, cublasLt's matrices column-major: a row-major matrix is the transpose
 * of the column-major one in the same memory, so c = a b is asked for as c^T = b^T a^T. Layouts and
 * algorithms are chosen for each batch size and alignment when they are executed first, and kept by
 * the plan; a product with a bias in its epilogue has the bias's address in its descriptor, so
 * threads that share such a plan submit one after the other.
 */
package dev.blindspot.engine.cuda.blas;
