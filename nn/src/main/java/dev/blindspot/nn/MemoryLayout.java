package dev.blindspot.nn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Places blocks in one arena so that blocks which live at the same time do not overlap: largest
 * first, each at the lowest offset that is free during its life.
 */
final class MemoryLayout {
  private static final long ALIGNMENT = 64;

  /** A block from step {@code from} to step {@code to}, both inclusive. */
  private static final class Block {
    final int id;
    final long bytes;
    final int from;
    final int to;
    long offset;

    Block(int id, long bytes, int from, int to) {
      this.id = id;
      this.bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      this.from = from;
      this.to = to;
    }

    boolean meets(Block other) {
      return from <= other.to && other.from <= to;
    }
  }

  private final List<Block> blocks = new ArrayList<>();
  private long total;

  /** Adds a block; returns its number. */
  int add(long bytes, int from, int to) {
    blocks.add(new Block(blocks.size(), bytes, from, to));
    return blocks.size() - 1;
  }

  /** Places all blocks. */
  void place() {
    List<Block> bySize = new ArrayList<>(blocks);
    bySize.sort(
        Comparator.comparingLong((Block b) -> b.bytes).reversed().thenComparingInt(b -> b.id));
    List<Block> placed = new ArrayList<>();
    for (Block b : bySize) {
      List<Block> rivals = new ArrayList<>(placed.stream().filter(b::meets).toList());
      rivals.sort(Comparator.comparingLong(r -> r.offset));
      long at = 0;
      for (Block r : rivals) {
        if (at + b.bytes <= r.offset) {
          break;
        }
        at = Math.max(at, r.offset + r.bytes);
      }
      b.offset = at;
      total = Math.max(total, at + b.bytes);
      placed.add(b);
    }
  }

  long offset(int block) {
    return blocks.get(block).offset;
  }

  /** Bytes of the arena. */
  long total() {
    return Math.max(ALIGNMENT, total);
  }
}
