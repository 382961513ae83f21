package dev.blindspot.engine.cpu;

/** How one direction of a convolution is executed. */
enum ConvScheme {
  /** Lanes of a vector are neighbouring outputs of a row. */
  ROWS("direct-rows", "direct_f32", "direct_pack_f32"),
  /** Lanes are neighbouring output channels. */
  CHANNELS("direct-channels", "direct_f32", "direct_pack_f32"),
  /** 1x1 filters: runs of positions, of all channels; see kernels/pointwise.cpp. */
  POINTWISE("direct-pointwise", "pointwise_f32", "direct_pack_f32"),
  /** 3x3 filters: 16 products for each 2x2 outputs instead of 36; see kernels/winograd.h. */
  WINOGRAD("winograd", "winograd_f32", "winograd_pack_f32"),
  /** Backward-data to few channels: a sum for each channel and tap column, shifted at the end. */
  FEW_CHANNELS("direct-few-channels", "direct_few_f32", "direct_few_pack_f32"),
  /** The weights' gradient: lanes are filters, sums run over positions. */
  GRADIENT("direct-gradient", "direct_gradient_f32", ""),
  /** A column matrix and OpenBLAS. */
  IM2COL("im2col-openblas", "", "");

  final String implementation;
  final String kernel;
  final String packKernel;

  ConvScheme(String implementation, String kernel, String packKernel) {
    this.implementation = implementation;
    this.kernel = kernel;
    this.packKernel = packKernel;
  }
}
