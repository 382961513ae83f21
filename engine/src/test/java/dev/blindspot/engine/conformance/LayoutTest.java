package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Primitives in which a channel's place counts refuse tensors that lie otherwise than planned. */
class LayoutTest {

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#names")
  void channelsLastIsRefusedWhereChannelsFirstIsPlanned(String name) {
    try (Backend backend = Backends.create(name);
        Context ctx = backend.newContext();
        TensorArena arena = backend.arena(4096)) {
      Tensor good = arena.tensor(F32, 1, 2, 3, 4);
      Tensor out = arena.tensor(F32, 1, 2, 3, 4);
      Tensor bad = arena.tensor(F32, Shape.of(1, 2, 3, 4), Layout.NHWC);
      Tensor channels = arena.tensor(F32, 2).copyFrom(new float[] {1, 2});
      Tensor w = arena.tensor(F32, 2, 2, 1, 1).copyFrom(new float[4]);
      Tensor dense = arena.tensor(F32, 3, 24).copyFrom(new float[72]);
      Tensor y = arena.tensor(F32, 1, 3);
      var conv = backend.plan(Conv2dDesc.of(F32, 1, 2, 3, 4).filters(2, 1, 1));
      var linear = backend.plan(LinearDesc.of(F32, 1, 24, 3));
      var pool = backend.plan(Pool2dDesc.of(Pooling.AVERAGE_INCLUDE_PAD, F32, 1, 2, 3, 4, 1, 1));
      var norm = backend.plan(new LocalResponseNormDesc(F32, 1, 2, 12, 3, 1, 1, 1));
      var batch = backend.plan(new BatchNormDesc(F32, 1, 2, 12, 1), PlanOptions.forward());
      var bias = backend.plan(new BiasDesc(F32, 1, 2, 12));
      var concat = backend.plan(new ConcatDesc(F32, 1, List.of(24L)));
      try (PackedWeights p = conv.pack(ctx, w);
          PackedWeights q = linear.pack(ctx, dense)) {
        for (Runnable use :
            new Runnable[] {
              () -> conv.forward(ctx, bad, p, null, out),
              () -> conv.forward(ctx, good, p, null, bad),
              () -> conv.backwardData(ctx, bad, p, out),
              () -> conv.backwardWeights(ctx, good, bad, w),
              () -> linear.forward(ctx, bad, q, null, y),
              () -> pool.forward(ctx, bad, out),
              () -> pool.backwardData(ctx, null, null, good, bad),
              () -> norm.forward(ctx, bad, out),
              () -> batch.forwardInference(ctx, bad, channels, channels, channels, channels, out),
              () -> bias.forward(ctx, bad, channels, out),
              () -> concat.forward(ctx, List.of(bad), out),
            }) {
          Exception e = assertThrows(InvalidInputException.class, use::run);
          assertTrue(e.getMessage().contains("NHWC"), e.getMessage());
          assertTrue(e.getMessage().contains("reorder"), e.getMessage());
        }
      }
    }
  }
}
