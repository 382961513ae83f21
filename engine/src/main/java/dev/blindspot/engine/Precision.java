package dev.blindspot.engine;

/** How products are formed; it never changes what tensors store. */
public enum Precision {
  /** Strict: every product and sum in the tensor's own type or wider. */
  FP32,
  /** Inputs of products rounded to 10 mantissa bits. */
  TF32,
  /** Six bfloat16 products for each: float32-class accuracy. */
  BF16X6,
  /** Three bfloat16 products for each: about 4e-6 normwise. */
  BF16X3,
  /** One bfloat16 product. */
  BF16
}
