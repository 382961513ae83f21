package dev.blindspot.engine.cuda.library;

import org.bytedeco.javacpp.Pointer;

/**
 * An address for the preset's methods, set anew for each call: no allocation. JavaCPP's own {@code
 * position} counts bytes for {@code void*} parameters and is never used. Owns nothing.
 */
public final class CudaAddress extends Pointer {

  /** An address of 0. */
  public CudaAddress() {
    super((Pointer) null);
  }

  /** This address. */
  public CudaAddress(long address) {
    this();
    set(address);
  }

  /** Points to this address. */
  public CudaAddress set(long address) {
    this.address = address;
    return this;
  }
}
