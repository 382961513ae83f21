package dev.blindspot.peers.onednn;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import java.util.List;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory.format_tag;
import org.bytedeco.dnnl.pooling_backward;
import org.bytedeco.dnnl.pooling_forward;

/** Max-pools in blocks of 16 channels, channels-last and NCHW. */
final class OneDnnPool {
  private final OneDnn library;
  private final PeerProblem p;
  private final long[] x;
  private final long[] y;
  private final long[] window;
  private final long[] stride;
  private final long[] zero = {0, 0};

  OneDnnPool(OneDnn library, PeerProblem p) {
    this.library = library;
    this.p = p;
    x = new long[] {p.get("n"), p.get("c"), p.get("h"), p.get("w")};
    y = new long[] {p.get("n"), p.get("c"), p.get("p"), p.get("q")};
    window = new long[] {p.get("r"), p.get("s")};
    stride = new long[] {p.get("stride_h"), p.get("stride_w")};
  }

  List<PeerVariant> variants() {
    return List.of(
        variant(format_tag.aBcd16b, "nChw16c"),
        variant(format_tag.acdb, "nhwc"),
        variant(format_tag.abcd, "nchw"));
  }

  private static long size(long[] d) {
    return d[0] * d[1] * d[2] * d[3];
  }

  private PeerVariant variant(format_tag tag, String layout) {
    boolean inference = p.pass().startsWith("FWD");
    memory.desc plainX = OneDnn.desc(format_tag.abcd, x);
    memory.desc plainY = OneDnn.desc(format_tag.abcd, y);
    var d =
        new pooling_forward.primitive_desc(
            library.engine(),
            inference ? prop_kind.forward_inference : prop_kind.forward_training,
            algorithm.pooling_max,
            OneDnn.desc(tag, x),
            OneDnn.desc(tag, y),
            stride,
            window,
            zero,
            zero,
            zero);
    memory mx = library.random(0, plainX, d.src_desc(), size(x));
    memory my = library.empty(d.dst_desc());
    var arguments = OneDnnVariant.arguments(dnnl.DNNL_ARG_SRC, mx, dnnl.DNNL_ARG_DST, my);
    if (inference) {
      return new OneDnnVariant(
          layout + " " + d.impl_info_str().getString(),
          new pooling_forward(d),
          library.stream(),
          arguments,
          List.of(mx, my),
          () -> library.values(my, plainY, size(y)));
    }
    memory workspace = library.empty(d.workspace_desc());
    arguments.put(dnnl.DNNL_ARG_WORKSPACE, workspace);
    try (pooling_forward forward = new pooling_forward(d)) {
      forward.execute(library.stream(), arguments);
      library.stream()._wait();
    }
    arguments.close();
    mx.close();
    my.close();
    return backward(tag, layout, d, workspace);
  }

  private PeerVariant backward(
      format_tag tag, String layout, pooling_forward.primitive_desc forward, memory workspace) {
    var d =
        new pooling_backward.primitive_desc(
            library.engine(),
            algorithm.pooling_max,
            OneDnn.desc(tag, x),
            OneDnn.desc(tag, y),
            stride,
            window,
            zero,
            zero,
            zero,
            forward);
    memory mdy = library.random(1, OneDnn.desc(format_tag.abcd, y), d.diff_dst_desc(), size(y));
    memory mdx = library.empty(d.diff_src_desc());
    return new OneDnnVariant(
        layout + " " + d.impl_info_str().getString(),
        new pooling_backward(d),
        library.stream(),
        OneDnnVariant.arguments(
            dnnl.DNNL_ARG_DIFF_DST,
            mdy,
            dnnl.DNNL_ARG_WORKSPACE,
            workspace,
            dnnl.DNNL_ARG_DIFF_SRC,
            mdx),
        List.of(mdy, mdx, workspace),
        () -> library.values(mdx, OneDnn.desc(format_tag.abcd, x), size(x)));
  }
}
