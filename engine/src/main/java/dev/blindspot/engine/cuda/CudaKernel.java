package dev.blindspot.engine.cuda;

import java.nio.ByteBuffer;
import org.bytedeco.cuda.cudart.CUfunc_st;

/**
 * A kernel of ours on the device, with how it is launched.
 *
 * @param block true: a block works on one item; false: a thread does
 * @param fields numbers of the arguments' eight-byte fields whose product is the number of items
 * @param row its number among {@link CudaRowGroup#KERNELS}, -1 if it is none of them
 */
record CudaKernel(String name, CUfunc_st function, boolean block, int[] fields, int row) {

  CudaKernel(String name, CUfunc_st function, boolean block, int[] fields) {
    this(name, function, block, fields, CudaRowGroup.KERNELS.indexOf(name));
  }

  /** Threads of a block; the kernels rely on it. */
  static final int THREADS = 256;

  private static final long MOST_BLOCKS_OF_THREADS = 4096;

  /** Also the number of workspaces where each block has its own. */
  static final long MOST_BLOCKS = 1024;

  /** Blocks for these arguments. Kernels loop, so a limited number covers any size. */
  int grid(ByteBuffer arguments) {
    long items = 1;
    for (int f : fields) {
      items *= arguments.getLong(8 * f);
    }
    return grid(items, block);
  }

  static int grid(long items, boolean block) {
    long blocks = block ? items : (items + THREADS - 1) / THREADS;
    return (int) Math.max(1, Math.min(blocks, block ? MOST_BLOCKS : MOST_BLOCKS_OF_THREADS));
  }
}
