package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedRandom;

/**
 * Random numbers. The key of Philox is the seed; the counter is (block, sample, step, stream). An
 * F32 element takes one word of a block of four, an F64 element two.
 */
final class ReferenceRandom extends CheckedRandom {

  static void register(ReferenceBackend backend) {
    backend.add(RandomDesc.class, (d, o, i) -> new ReferenceRandom(backend, d, o, i));
  }

  private ReferenceRandom(
      ReferenceBackend backend, RandomDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, RandomKey key, Tensor y) {
    long length = desc().length();
    Cells samples = Cells.of(key.sample());
    int step = key.step() == null ? 0 : (int) Cells.of(key.step()).get(0);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      row(key, samples == null ? (int) i : (int) samples.get(i), step, out, i * length);
    }
  }

  private void row(RandomKey key, int sample, int step, Cells out, long from) {
    int low = (int) key.seed();
    int high = (int) (key.seed() >>> 32);
    boolean single = desc().type() == ElementType.F32;
    int perBlock = single ? 4 : 2;
    int[] words = new int[4];
    for (long j = 0; j < desc().length(); j++) {
      int at = (int) (j % perBlock);
      if (at == 0) {
        Philox.block((int) (j / perBlock), sample, step, key.stream(), low, high, words);
      }
      out.set(from + j, single ? number32(words[at]) : number64(words[2 * at], words[2 * at + 1]));
    }
  }

  private double number32(int word) {
    return desc().distribution() == Distribution.UNIFORM
        ? uniform((word >>> 8) * 0x1p-24)
        : normal(((word & 0xFFFFFFFFL) + 0.5) * 0x1p-32);
  }

  private double number64(int low, int high) {
    long word = ((long) high << 32) | (low & 0xFFFFFFFFL);
    return desc().distribution() == Distribution.UNIFORM
        ? uniform((word >>> 11) * 0x1p-53)
        : normal(((word >>> 12) + 0.5) * 0x1p-52);
  }

  /** a + (b - a) u in the element type, kept below b where rounding would reach it. */
  private double uniform(double u) {
    double y = desc().a() + (desc().b() - desc().a()) * u;
    if (desc().type() == ElementType.F64) {
      return y >= desc().b() && desc().a() < desc().b() ? Math.nextDown(desc().b()) : y;
    }
    float low = (float) desc().a();
    float high = (float) desc().b();
    return (float) y >= high && low < high ? Math.nextDown(high) : (float) y;
  }

  private double normal(double p) {
    return desc().a() + desc().b() * NormalQuantile.of(p);
  }
}
