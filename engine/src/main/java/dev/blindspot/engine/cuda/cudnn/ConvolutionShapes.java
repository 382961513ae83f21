package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_CROSS_CORRELATION;
import static org.bytedeco.cuda.global.cudnn.cudnnSetConvolution2dDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnSetConvolutionGroupCount;
import static org.bytedeco.cuda.global.cudnn.cudnnSetConvolutionMathType;

import dev.blindspot.engine.cuda.library.Resources;
import dev.blindspot.engine.primitives.Conv2dDesc;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/**
 * A convolution as the legacy interface sees it. It pads both sides of an axis alike; where the
 * desc does not, x is the padded image, which the plan makes, and nothing is padded here.
 */
@SuppressWarnings("deprecation") // cuDNN's legacy interface
final class ConvolutionShapes {
  private final Conv2dDesc desc;
  private final Resources resources;
  private final Descriptor<cudnnFilterStruct> filter;

  ConvolutionShapes(Conv2dDesc desc, Resources resources) {
    this.desc = desc;
    this.resources = resources;
    filter =
        resources.add(
            Descriptor.filter(desc.type(), desc.k(), desc.c() / desc.groups(), desc.r(), desc.s()));
  }

  /** Whether x must be padded by hand. */
  static boolean padded(Conv2dDesc d) {
    return d.padTop() != d.padBottom() || d.padLeft() != d.padRight();
  }

  /** Height of the image that cuDNN sees. */
  int height() {
    return padded(desc) ? desc.h() + desc.padTop() + desc.padBottom() : desc.h();
  }

  /** Width of the image that cuDNN sees. */
  int width() {
    return padded(desc) ? desc.w() + desc.padLeft() + desc.padRight() : desc.w();
  }

  /** Bytes of the images that cuDNN sees, of so many samples. */
  long xBytes(long n) {
    return n * desc.c() * height() * width() * desc.type().bytes();
  }

  long yBytes(long n) {
    return n * desc.k() * desc.p() * desc.q() * desc.type().bytes();
  }

  long wBytes() {
    return (long) desc.k() * (desc.c() / desc.groups()) * desc.r() * desc.s() * desc.type().bytes();
  }

  Descriptor<cudnnTensorStruct> x(int n) {
    return resources.add(Descriptor.tensor(desc.type(), n, desc.c(), height(), width()));
  }

  Descriptor<cudnnTensorStruct> y(int n) {
    return resources.add(Descriptor.tensor(desc.type(), n, desc.k(), desc.p(), desc.q()));
  }

  cudnnFilterStruct w() {
    return filter.handle();
  }

  /** A new convolution descriptor whose products are formed by this math type. */
  cudnnConvolutionStruct convolution(int mathType) {
    return resources
        .add(Descriptor.convolution(desc.summary(), c -> setConvolution(c, mathType)))
        .handle();
  }

  private int setConvolution(cudnnConvolutionStruct c, int mathType) {
    boolean byHand = padded(desc);
    int status =
        cudnnSetConvolution2dDescriptor(
            c,
            byHand ? 0 : desc.padTop(),
            byHand ? 0 : desc.padLeft(),
            desc.strideH(),
            desc.strideW(),
            desc.dilationH(),
            desc.dilationW(),
            CUDNN_CROSS_CORRELATION,
            Descriptor.dataType(desc.type()));
    if (status == 0) {
      status = cudnnSetConvolutionGroupCount(c, desc.groups());
    }
    return status == 0 ? cudnnSetConvolutionMathType(c, mathType) : status;
  }
}
