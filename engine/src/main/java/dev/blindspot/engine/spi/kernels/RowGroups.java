package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Tensor;
import java.util.Arrays;
import java.util.Set;

/**
 * Finds, while a program is recorded, runs of kernels that work on each row by itself, so that a
 * replay can bring some rows through all of them at once: row i of every operand is used for row i
 * of the results only. Calls belong to one group if they have equally many rows and their operands
 * are the same memory or none of it. Belongs to the recording thread.
 */
public final class RowGroups {
  /** Kernels that work so; none of them is used inside an execution that calls libraries. */
  public static final Set<String> KERNELS =
      Set.of(
          "elementwise",
          "rowwise",
          "compare",
          "mask",
          "select",
          "row_reduce",
          "sign_step",
          "projection",
          "lbfgs_update",
          "lbfgs_direction",
          "loss_f32",
          "margin_f32");

  private final long leastRows;
  private final Operands call = new Operands();
  private final Operands group = new Operands();
  private long rows;
  private int calls;

  /** Memory of tensors: addresses, bytes, how many calls use it. */
  private static final class Operands {
    long[] address = new long[16];
    long[] bytes = new long[16];
    int[] uses = new int[16];
    int count;

    void add(long at, long size) {
      for (int i = 0; i < count; i++) {
        if (address[i] == at && bytes[i] == size) {
          uses[i]++;
          return;
        }
      }
      if (count == address.length) {
        address = Arrays.copyOf(address, 2 * count);
        bytes = Arrays.copyOf(bytes, 2 * count);
        uses = Arrays.copyOf(uses, 2 * count);
      }
      address[count] = at;
      bytes[count] = size;
      uses[count++] = 1;
    }

    /** Whether these bytes are a part of others, or others a part of them. */
    boolean cuts(long at, long size) {
      for (int i = 0; i < count; i++) {
        boolean same = address[i] == at && bytes[i] == size;
        if (!same && at < address[i] + bytes[i] && address[i] < at + size) {
          return true;
        }
      }
      return false;
    }
  }

  /** Rows of the tensors given since the last call; 0 if they differ, or there are none. */
  private long callRows;

  /**
   * @param leastRows fewer are not worth a group
   */
  public RowGroups(long leastRows) {
    this.leastRows = leastRows;
  }

  /** A tensor of the call that is being described. */
  public void operand(Tensor t) {
    operand(t.address(), t.n(), t.size() * t.type().bytes());
  }

  /** Memory of the call that is being described, n rows in so many bytes. */
  public void operand(long address, long n, long bytes) {
    callRows = call.count == 0 || callRows == n ? n : 0;
    call.add(address, bytes);
  }

  /** Whether the call whose operands were given can be of a group at all; if not, forgets it. */
  public boolean groups(boolean rowKernel) {
    boolean fits = rowKernel && call.count > 0 && callRows >= leastRows;
    if (!fits) {
      call.count = 0;
    }
    return fits;
  }

  /** Whether it continues the group. */
  public boolean continues() {
    if (calls == 0 || callRows != rows) {
      return false;
    }
    for (int i = 0; i < call.count; i++) {
      if (group.cuts(call.address[i], call.bytes[i])) {
        return false;
      }
    }
    return true;
  }

  /** Adds the call to the group, which may be empty. */
  public void add() {
    rows = callRows;
    calls++;
    for (int i = 0; i < call.count; i++) {
      group.add(call.address[i], call.bytes[i]);
    }
    call.count = 0;
  }

  /** Calls of the group. */
  public int calls() {
    return calls;
  }

  /** Rows of each. */
  public long rows() {
    return rows;
  }

  /** Bytes of a row of what several calls use. */
  public long sharedRowBytes() {
    long bytes = 0;
    for (int i = 0; i < group.count; i++) {
      bytes += group.uses[i] > 1 ? group.bytes[i] / rows : 0;
    }
    return bytes;
  }

  /** Bytes of a row of the longest operand. */
  public long longestRowBytes() {
    long bytes = 0;
    for (int i = 0; i < group.count; i++) {
      bytes = Math.max(bytes, group.bytes[i] / rows);
    }
    return bytes;
  }

  /** Begins an empty group. */
  public void clear() {
    calls = 0;
    group.count = 0;
  }
}
