package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedDropout;

/** Dropout by the first words of the counter-based generator, as F32 uniforms. */
final class ReferenceDropout extends CheckedDropout {

  static void register(ReferenceBackend backend) {
    backend.add(DropoutDesc.class, (d, o, i) -> new ReferenceDropout(backend, d, o, i));
  }

  private ReferenceDropout(
      ReferenceBackend backend, DropoutDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, RandomKey key, Tensor x, Tensor y, boolean accumulate) {
    long length = desc().length();
    Cells samples = Cells.of(key.sample());
    int step = key.step() == null ? 0 : (int) Cells.of(key.step()).get(0);
    int low = (int) key.seed();
    int high = (int) (key.seed() >>> 32);
    int[] words = new int[4];
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      int sample = samples == null ? (int) i : (int) samples.get(i);
      for (long j = 0; j < length; j++) {
        if (j % 4 == 0) {
          Philox.block((int) (j / 4), sample, step, key.stream(), low, high, words);
        }
        double u = (words[(int) (j % 4)] >>> 8) * 0x1p-24;
        long at = i * length + j;
        double v = u < desc().rate() ? 0 : in.get(at) / (1 - desc().rate());
        out.set(at, accumulate ? out.get(at) + v : v);
      }
    }
  }
}
