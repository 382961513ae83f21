package dev.blindspot.engine;

/**
 * Order of a four-dimensional tensor's elements in memory. The shape is always written n c h w;
 * tensors of other ranks are row-major and carry {@link #NCHW}.
 */
public enum Layout {
  /** Width is contiguous. */
  NCHW,
  /** Channels are contiguous. */
  NHWC,
  /** Only in a {@link Desc}: the plan chooses, and says what it chose. */
  ANY
}
