package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.PeerNetwork;
import dev.blindspot.bench.peer.PeerNetwork.Layer;
import dev.blindspot.engine.UnsupportedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** A network of frozen parameters; ReLU and sums write over their input where they may. */
final class TorchNetwork implements AutoCloseable {
  private interface Function {
    Tensor of(Tensor[] outputs);
  }

  private final List<Function> functions = new ArrayList<>();
  private final List<Pointer> owned = new ArrayList<>();
  private final MemoryFormat format;
  private final FloatBuffer parameters;
  private final PeerNetwork network;

  TorchNetwork(PeerNetwork network, MemoryFormat format) {
    this.network = network;
    this.format = format;
    try {
      parameters =
          ByteBuffer.wrap(Files.readAllBytes(Path.of(network.file())))
              .order(ByteOrder.LITTLE_ENDIAN)
              .asFloatBuffer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (Layer l : network.layers()) {
      functions.add(function(l));
    }
  }

  /** Outputs of all layers, [0] the input, which is not owned. */
  record Outputs(Tensor[] tensors) implements AutoCloseable {
    Tensor last() {
      return tensors[tensors.length - 1];
    }

    @Override
    public void close() {
      for (int i = 1; i < tensors.length; i++) {
        tensors[i].close();
      }
    }
  }

  Outputs forward(Tensor x) {
    Tensor[] outputs = new Tensor[functions.size() + 1];
    outputs[0] = x;
    for (int i = 1; i < outputs.length; i++) {
      outputs[i] = functions.get(i - 1).of(outputs);
    }
    return new Outputs(outputs);
  }

  private Function function(Layer l) {
    int in = l.inputs().get(0);
    return switch (l.kind()) {
      case "conv" -> conv(l, in);
      case "linear" -> linear(l, in);
      case "relu" ->
          overwritable(in) ? o -> new Tensor(torch.relu_(o[in])) : o -> torch.relu(o[in]);
      case "sigmoid" -> o -> torch.sigmoid(o[in]);
      case "flatten" -> o -> torch.flatten(o[in], 1, -1);
      case "maxpool" -> {
        LongArrayRef window = pair(l.get("r"));
        LongArrayRef stride = pair(l.get("stride"));
        LongArrayRef pad = pair(0);
        LongArrayRef dilation = pair(1);
        yield o -> torch.max_pool2d(o[in], window, stride, pad, dilation, false);
      }
      case "avgpool" -> {
        LongArrayRef window = pair(l.get("r"));
        LongArrayRef stride = pair(l.get("stride"));
        LongArrayRef pad = pair(0);
        LongOptional none = new LongOptional();
        yield o -> torch.avg_pool2d(o[in], window, stride, pad, false, true, none);
      }
      case "add" -> {
        int other = l.inputs().get(1);
        yield overwritable(in)
            ? o -> new Tensor(o[in].add_(o[other]))
            : o -> torch.add(o[in], o[other]);
      }
      case "shortcut" -> shortcut(l, in);
      default -> throw new UnsupportedException("the peer torch has no layer " + l.kind());
    };
  }

  private static LongArrayRef pair(int v) {
    return TorchConv.pair(v, v);
  }

  /** The layer behind it keeps no output for its gradient, and nobody else reads it. */
  private boolean overwritable(int output) {
    long readers =
        network.layers().stream()
            .flatMap(l -> l.inputs().stream())
            .filter(i -> i == output)
            .count();
    if (output == 0 || readers > 1) {
      return false;
    }
    return List.of("conv", "linear", "add").contains(network.layers().get(output - 1).kind());
  }

  private Tensor parameter(long at, long... shape) {
    int size = 1;
    for (long d : shape) {
      size = Math.toIntExact(size * d);
    }
    float[] values = new float[size];
    parameters.get(Math.toIntExact(at), values);
    return Tensors.of(values, shape);
  }

  private Function conv(Layer l, int in) {
    long k = l.get("k");
    long c = l.get("c");
    long r = l.get("r");
    long s = l.get("s");
    Tensor w = Tensors.in(format, parameter(l.weights(), k, c, r, s));
    Tensor b = parameter(l.weights() + k * c * r * s, k);
    TensorOptional bias = new TensorOptional(b);
    owned.addAll(List.of(w, b, bias));
    LongArrayRef stride = pair(l.get("stride"));
    LongArrayRef pad = pair(l.get("pad"));
    LongArrayRef dilation = pair(1);
    return o -> torch.conv2d(o[in], w, bias, stride, pad, dilation, 1);
  }

  private Function linear(Layer l, int in) {
    long k = l.get("k");
    long c = l.get("c");
    Tensor w = parameter(l.weights(), k, c);
    Tensor b = parameter(l.weights() + k * c, k);
    TensorOptional bias = new TensorOptional(b);
    owned.addAll(List.of(w, b, bias));
    return o -> {
      if (o[in].dim() == 2) {
        return torch.linear(o[in], w, bias);
      }
      try (Tensor flat = torch.flatten(o[in], 1, -1)) {
        return torch.linear(flat, w, bias);
      }
    };
  }

  /** Every stride-th pixel, zero channels behind. */
  private Function shortcut(Layer l, int in) {
    long stride = l.get("stride");
    LongOptional first = new LongOptional(0);
    LongOptional end = new LongOptional();
    LongArrayRef pad = new LongArrayRef(new LongVector(0, 0, 0, 0, 0, l.get("zeros")));
    Scalar zero = new Scalar(0);
    return o -> {
      try (Tensor rows = torch.slice(o[in], 2, first, end, stride);
          Tensor pixels = torch.slice(rows, 3, first, end, stride)) {
        return torch.constant_pad_nd(pixels, pad, zero);
      }
    };
  }

  @Override
  public void close() {
    owned.forEach(Pointer::close);
  }
}
