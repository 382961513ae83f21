package dev.blindspot.peers.onednn;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory.format_tag;

/**
 * Convolutions with the layout of its choice, channels-last and NCHW; the weights are its choice.
 */
final class OneDnnConv {
  private final OneDnn library;
  private final PeerProblem p;
  private final long[] x;
  private final long[] w;
  private final long[] y;
  private final long[] stride;
  private final long[] dilation;
  private final long[] padLeft;
  private final long[] padRight;

  OneDnnConv(OneDnn library, PeerProblem p) {
    this.library = library;
    this.p = p;
    long g = p.get("groups");
    x = new long[] {p.get("n"), p.get("c"), p.get("h"), p.get("w")};
    y = new long[] {p.get("n"), p.get("k"), p.get("p"), p.get("q")};
    w =
        g == 1
            ? new long[] {p.get("k"), p.get("c"), p.get("r"), p.get("s")}
            : new long[] {g, p.get("k") / g, p.get("c") / g, p.get("r"), p.get("s")};
    stride = new long[] {p.get("stride_h"), p.get("stride_w")};
    dilation = new long[] {p.get("dilation_h") - 1, p.get("dilation_w") - 1};
    padLeft = new long[] {p.get("pad_top"), p.get("pad_left")};
    padRight =
        new long[] {right(x[2], y[2], "r", 0, "pad_top"), right(x[3], y[3], "s", 1, "pad_left")};
  }

  /** Padding behind that makes the output as large as it is; what no window reaches is none. */
  private long right(long in, long out, String window, int axis, String left) {
    long reach = (out - 1) * stride[axis] + (p.get(window) - 1) * (dilation[axis] + 1) + 1;
    return Math.max(0, reach - in - p.get(left));
  }

  List<PeerVariant> variants() {
    List<PeerVariant> all = new ArrayList<>();
    for (format_tag tag : List.of(format_tag.any, format_tag.acdb, format_tag.abcd)) {
      String layout = tag == format_tag.any ? "any" : tag == format_tag.acdb ? "nhwc" : "nchw";
      all.add(
          switch (p.pass()) {
            case "BWD_D" -> backwardData(tag, layout);
            case "BWD_W" -> backwardWeights(tag, layout);
            default -> forward(tag, layout);
          });
    }
    return all;
  }

  private memory.desc plainX() {
    return OneDnn.desc(format_tag.abcd, x);
  }

  private memory.desc plainW() {
    return OneDnn.desc(w.length == 4 ? format_tag.abcd : format_tag.abcde, w);
  }

  private memory.desc plainY() {
    return OneDnn.desc(format_tag.abcd, y);
  }

  private static long size(long[] dims) {
    long size = 1;
    for (long d : dims) {
      size *= d;
    }
    return size;
  }

  private convolution_forward.primitive_desc desc(format_tag tag, prop_kind kind) {
    memory.desc xd = OneDnn.desc(tag, x);
    memory.desc wd = OneDnn.desc(format_tag.any, w);
    memory.desc yd = OneDnn.desc(tag, y);
    return p.get("bias") == 1 && kind == prop_kind.forward_inference
        ? new convolution_forward.primitive_desc(
            library.engine(),
            kind,
            algorithm.convolution_direct,
            xd,
            wd,
            OneDnn.desc(format_tag.a, y[1]),
            yd,
            stride,
            dilation,
            padLeft,
            padRight)
        : new convolution_forward.primitive_desc(
            library.engine(),
            kind,
            algorithm.convolution_direct,
            xd,
            wd,
            yd,
            stride,
            dilation,
            padLeft,
            padRight);
  }

  private PeerVariant forward(format_tag tag, String layout) {
    convolution_forward.primitive_desc d = desc(tag, prop_kind.forward_inference);
    memory mx = library.random(0, plainX(), d.src_desc(), size(x));
    memory mw = library.random(1, plainW(), d.weights_desc(), size(w));
    memory my = library.empty(d.dst_desc());
    List<memory> owned = new ArrayList<>(List.of(mx, mw, my));
    var arguments =
        OneDnnVariant.arguments(
            dnnl.DNNL_ARG_SRC, mx, dnnl.DNNL_ARG_WEIGHTS, mw, dnnl.DNNL_ARG_DST, my);
    if (p.get("bias") == 1) {
      memory.desc bias = OneDnn.desc(format_tag.a, y[1]);
      memory mb = library.random(2, bias, bias, y[1]);
      arguments.put(dnnl.DNNL_ARG_BIAS, mb);
      owned.add(mb);
    }
    return new OneDnnVariant(
        layout + " " + d.impl_info_str().getString(),
        new convolution_forward(d),
        library.stream(),
        arguments,
        owned,
        () -> library.values(my, plainY(), size(y)));
  }

  private PeerVariant backwardData(format_tag tag, String layout) {
    var d =
        new convolution_backward_data.primitive_desc(
            library.engine(),
            algorithm.convolution_direct,
            OneDnn.desc(tag, x),
            OneDnn.desc(format_tag.any, w),
            OneDnn.desc(tag, y),
            stride,
            dilation,
            padLeft,
            padRight,
            desc(tag, prop_kind.forward_training));
    memory mw = library.random(0, plainW(), d.weights_desc(), size(w));
    memory mdy = library.random(1, plainY(), d.diff_dst_desc(), size(y));
    memory mdx = library.empty(d.diff_src_desc());
    return new OneDnnVariant(
        layout + " " + d.impl_info_str().getString(),
        new convolution_backward_data(d),
        library.stream(),
        OneDnnVariant.arguments(
            dnnl.DNNL_ARG_DIFF_DST, mdy, dnnl.DNNL_ARG_WEIGHTS, mw, dnnl.DNNL_ARG_DIFF_SRC, mdx),
        List.of(mw, mdy, mdx),
        () -> library.values(mdx, plainX(), size(x)));
  }

  private PeerVariant backwardWeights(format_tag tag, String layout) {
    var d =
        new convolution_backward_weights.primitive_desc(
            library.engine(),
            algorithm.convolution_direct,
            OneDnn.desc(tag, x),
            OneDnn.desc(format_tag.any, w),
            OneDnn.desc(tag, y),
            stride,
            dilation,
            padLeft,
            padRight,
            desc(tag, prop_kind.forward_training));
    memory mx = library.random(0, plainX(), d.src_desc(), size(x));
    memory mdy = library.random(1, plainY(), d.diff_dst_desc(), size(y));
    memory mdw = library.empty(d.diff_weights_desc());
    return new OneDnnVariant(
        layout + " " + d.impl_info_str().getString(),
        new convolution_backward_weights(d),
        library.stream(),
        OneDnnVariant.arguments(
            dnnl.DNNL_ARG_DIFF_DST, mdy, dnnl.DNNL_ARG_SRC, mx, dnnl.DNNL_ARG_DIFF_WEIGHTS, mdw),
        List.of(mx, mdy, mdw),
        () -> library.values(mdw, plainW(), size(w)));
  }
}
