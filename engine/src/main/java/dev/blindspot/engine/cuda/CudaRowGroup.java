package dev.blindspot.engine.cuda;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.spi.kernels.RowGroups;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Operations on rows that were recorded one after another and are launched as one kernel
 * (rows_group.cu), a block taking a row through all of them; or a tile of elements, where each
 * operation is element by element on equally many. The last ones wait here until something else is
 * recorded. One recording's; belongs to its thread.
 */
final class CudaRowGroup {
  /** Kernels that can be of a group, in the order of rows_group.cu's codes. */
  static final List<String> KERNELS =
      List.of(
          "elementwise",
          "compare",
          "mask",
          "select",
          "mask_f32",
          "activation_backward_f32",
          "rowwise",
          "row_reduce",
          "argmax",
          "sign_step",
          "projection",
          "lbfgs_update",
          "lbfgs_direction",
          "loss_f32",
          "margin_f32");

  /** Those that can work element by element. */
  private static final int ELEMENTWISE = 6;

  /** Where the calls begin in the arguments, behind items, calls and tile. */
  private static final int HEADER = 24;

  /** More rows of few elements each want threads, not blocks. */
  private static final long MOST_ROWS = 1 << 14;

  /** Longer rows want more than a block each, unless there are enough of them. */
  private static final long LONG_ROW = 4096;

  private static final long ENOUGH_ROWS = 512;
  private static final long SMALL_TILE = 256;
  private static final long LARGE_TILE = 1024;
  private static final long MANY_ELEMENTS = 1 << 20;

  /** Launches a kernel with the first bytes of arguments. */
  interface Launcher {
    void launch(CudaKernel kernel, CudaArguments arguments, int bytes);
  }

  private final CudaKernel whole;
  private final CudaArguments arguments;
  private final ByteBuffer block;
  private final Launcher launcher;
  private final RowGroups groups = new RowGroups(1);

  // Of the call that is being described.
  private int operands;
  private long rows;
  private long elements;
  private long longestRow;

  // Of the group.
  private CudaKernel first;
  private int used = HEADER;
  private boolean byRows;
  private long tiled;

  /**
   * @param whole the kernel row_group
   * @param arguments a block of nobody else
   */
  CudaRowGroup(CudaKernel whole, CudaArguments arguments, Launcher launcher) {
    this.whole = whole;
    this.arguments = arguments;
    this.launcher = launcher;
    block = arguments.block();
  }

  /** A call is described from here on. */
  void begin() {
    groups.groups(false);
    operands = 0;
  }

  /** A tensor of the call that is being described. */
  void operand(Tensor t) {
    operand(t.address(), t.n(), t.size(), t.type());
  }

  /** Memory of the call that is being described: n rows of equally many elements in all. */
  void operand(long address, long n, long size, ElementType type) {
    groups.operand(address, n, size * type.bytes());
    rows = n;
    elements = operands == 0 || elements == size ? size : 0;
    longestRow = Math.max(operands == 0 ? 0 : longestRow, size / n);
    operands++;
  }

  /** Launches the call that was described, now or with others of a group. */
  void call(CudaKernel kernel, CudaArguments given, int bytes) {
    long tiles = kernel.row() >= 0 && kernel.row() < ELEMENTWISE ? elements : 0;
    boolean fitsRows = rows <= MOST_ROWS && (longestRow <= LONG_ROW || rows >= ENOUGH_ROWS);
    if (!groups.groups(kernel.row() >= 0 && (tiles > 0 || fitsRows))) {
      flush();
      launcher.launch(kernel, given, bytes);
      return;
    }
    boolean alike = (byRows && fitsRows) || (tiled > 0 && tiled == tiles);
    boolean room = used + Long.BYTES + bytes <= CudaArguments.BYTES;
    if (!alike || !room || !groups.continues()) {
      flush();
    }
    boolean begins = groups.calls() == 0;
    groups.add();
    first = begins ? kernel : first;
    byRows = fitsRows && (begins || byRows);
    tiled = begins || tiled == tiles ? tiles : 0;
    block.putLong(used, kernel.row() + 256L * (1 + bytes / Long.BYTES));
    block.put(used + Long.BYTES, given.block(), 0, bytes);
    used += Long.BYTES + bytes;
  }

  /** Launches what waits. */
  void flush() {
    int calls = groups.calls();
    long rowsOfEach = groups.rows();
    int end = used;
    used = HEADER;
    groups.clear();
    if (calls == 1) {
      int from = HEADER + Long.BYTES;
      block.put(0, block, from, end - from);
      launcher.launch(first, arguments, end - from);
    } else if (calls > 1) {
      long tile = tiled == 0 ? 0 : tiled >= MANY_ELEMENTS ? LARGE_TILE : SMALL_TILE;
      block.putLong(0, tile == 0 ? rowsOfEach : (tiled - 1) / tile + 1);
      block.putLong(Long.BYTES, calls);
      block.putLong(2 * Long.BYTES, tile);
      for (int i = end; i < CudaArguments.BYTES; i += Long.BYTES) {
        block.putLong(i, 0); // the kernel is never handed what an earlier one left
      }
      launcher.launch(whole, arguments, CudaArguments.BYTES);
    }
  }
}
