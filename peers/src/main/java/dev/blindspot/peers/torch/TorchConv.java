package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import java.util.List;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** Convolutions, NCHW and channels-last: conv2d, and convolution_backward for one gradient. */
final class TorchConv {
  private TorchConv() {}

  static List<PeerVariant> variants(PeerProblem p) {
    return List.of(
        variant(p, MemoryFormat.Contiguous, "nchw"),
        variant(p, MemoryFormat.ChannelsLast, "channels-last"));
  }

  private record Sizes(
      long[] x, long[] w, long[] y, LongArrayRef stride, LongArrayRef pad, LongArrayRef dilation) {

    static Sizes of(PeerProblem p) {
      long[] x = {p.get("n"), p.get("c"), p.get("h"), p.get("w")};
      long[] w = {p.get("k"), p.get("c") / p.get("groups"), p.get("r"), p.get("s")};
      long[] y = {p.get("n"), p.get("k"), p.get("p"), p.get("q")};
      return new Sizes(
          x,
          w,
          y,
          pair(p.get("stride_h"), p.get("stride_w")),
          pair(p.get("pad_top"), p.get("pad_left")),
          pair(p.get("dilation_h"), p.get("dilation_w")));
    }
  }

  /** Lives as long as the process: two numbers. */
  static LongArrayRef pair(long a, long b) {
    return new LongArrayRef(new LongVector(a, b));
  }

  private static PeerVariant variant(PeerProblem p, MemoryFormat format, String layout) {
    Sizes z = Sizes.of(p);
    boolean forward = p.pass().startsWith("FWD");
    boolean weights = p.pass().equals("BWD_W");
    int stream = 0;
    Tensor x = forward || weights ? random(stream++, format, z.x) : empty(format, z.x);
    Tensor w = weights ? empty(format, z.w) : random(stream++, format, z.w);
    if (forward) {
      Tensor b = p.get("bias") == 1 ? Tensors.random(stream, p.get("k")) : null;
      TensorOptional bias = b == null ? new TensorOptional() : new TensorOptional(b);
      List<Pointer> owned = b == null ? List.of(x, w, bias) : List.of(x, w, bias, b);
      return TorchVariant.of(
          layout + " conv2d",
          owned,
          () -> torch.conv2d(x, w, bias, z.stride, z.pad, z.dilation, p.get("groups")));
    }
    Tensor dy = random(stream, format, z.y);
    BoolPointer mask = new BoolPointer(3);
    mask.put(0, !weights).put(1, weights).put(2, false);
    LongArrayRefOptional noBias = new LongArrayRefOptional();
    LongArrayRef none = pair(0, 0);
    int groups = p.get("groups");
    return new TorchVariant<>(
        layout + " convolution_backward",
        List.of(x, w, dy, mask),
        () ->
            torch.convolution_backward(
                dy, x, w, noBias, z.stride, z.pad, z.dilation, false, none, groups, mask),
        all -> weights ? all.get1() : all.get0());
  }

  private static Tensor random(int stream, MemoryFormat format, long[] shape) {
    return Tensors.in(format, Tensors.random(stream, shape));
  }

  /** Only its sizes are read. */
  private static Tensor empty(MemoryFormat format, long[] shape) {
    return Tensors.in(format, torch.zeros(shape));
  }
}
