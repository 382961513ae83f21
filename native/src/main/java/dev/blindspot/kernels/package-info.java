/**
 * The JavaCPP class that binds our native kernels. Owns nothing: callers own all memory and hand
 * over addresses. A native context belongs to one thread at a time; everything else may be called
 * from any thread.
 */
package dev.blindspot.kernels;
