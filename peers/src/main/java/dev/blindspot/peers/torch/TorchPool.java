package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import java.util.List;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** Max-pools, NCHW and channels-last. */
final class TorchPool {
  private TorchPool() {}

  static List<PeerVariant> variants(PeerProblem p) {
    return List.of(
        variant(p, MemoryFormat.Contiguous, "nchw"),
        variant(p, MemoryFormat.ChannelsLast, "channels-last"));
  }

  private static PeerVariant variant(PeerProblem p, MemoryFormat format, String layout) {
    LongArrayRef window = TorchConv.pair(p.get("r"), p.get("s"));
    LongArrayRef stride = TorchConv.pair(p.get("stride_h"), p.get("stride_w"));
    LongArrayRef pad = TorchConv.pair(0, 0);
    LongArrayRef dilation = TorchConv.pair(1, 1);
    Tensor x =
        Tensors.in(format, Tensors.random(0, p.get("n"), p.get("c"), p.get("h"), p.get("w")));
    if (p.pass().startsWith("FWD")) {
      // Without autograd it keeps no indices, in either layout.
      return TorchVariant.of(
          layout + " max_pool2d",
          List.of(x),
          () -> torch.max_pool2d(x, window, stride, pad, dilation, false));
    }
    Tensor dy =
        Tensors.in(format, Tensors.random(1, p.get("n"), p.get("c"), p.get("p"), p.get("q")));
    T_TensorTensor_T found = torch.max_pool2d_with_indices(x, window, stride, pad, dilation, false);
    Tensor indices = found.get1();
    return TorchVariant.of(
        layout + " max_pool2d_with_indices_backward",
        List.of(x, dy, found),
        () ->
            torch.max_pool2d_with_indices_backward(
                dy, x, window, stride, pad, dilation, false, indices));
  }
}
