package dev.blindspot.engine.cuda;

import org.bytedeco.javacpp.Pointer;

/**
 * An address for the preset's methods, set anew for each call: no allocation. JavaCPP's own {@code
 * position} counts bytes for {@code void*} parameters and is never used. Owns nothing.
 */
final class CudaAddress extends Pointer {

  CudaAddress() {
    super((Pointer) null);
  }

  CudaAddress(long address) {
    this();
    set(address);
  }

  /** Points to this address. */
  CudaAddress set(long address) {
    this.address = address;
    return this;
  }
}
