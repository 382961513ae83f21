package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_WORKSPACE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_VOID_PTR;
import static org.bytedeco.cuda.global.cudnn.cudnnBackendExecute;

import dev.blindspot.engine.cuda.library.LibraryContext;
import java.util.Arrays;

/**
 * A finished plan of a graph for one context: cuDNN does not promise that threads may share one. A
 * set of addresses is a descriptor of its own that cannot be changed once finished, so the last few
 * sets are kept: addresses that come again cost no allocation.
 */
final class GraphExecution implements AutoCloseable {
  /** Sets of addresses kept: enough for an attack's step that uses a layer a few times. */
  private static final int SETS = 8;

  private final BackendDescriptor plan;
  private final long[] uids;
  private final long workspaceBytes;

  /** The addresses of the next execution, the workspace's last. */
  private final long[] next;

  private final long[][] addresses = new long[SETS][];
  private final BackendDescriptor[] sets = new BackendDescriptor[SETS];
  private int oldest;

  GraphExecution(BackendDescriptor plan, long[] uids, long workspaceBytes) {
    this.plan = plan;
    this.uids = uids;
    this.workspaceBytes = workspaceBytes;
    next = new long[uids.length + 1];
  }

  long workspaceBytes() {
    return workspaceBytes;
  }

  /** Gives a tensor, counted in the order in which the graph got them, its address. */
  GraphExecution at(int tensor, long address) {
    next[tensor] = address;
    return this;
  }

  /** Submits it; gives cuDNN's status. */
  int execute(LibraryContext c, long workspace) {
    next[uids.length] = workspace;
    return cudnnBackendExecute(c.cudnn(), plan.handle(), set().handle());
  }

  private BackendDescriptor set() {
    for (int i = 0; i < SETS; i++) {
      if (sets[i] != null && Arrays.equals(addresses[i], next)) {
        return sets[i];
      }
    }
    BackendDescriptor made =
        new BackendDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, "a set of addresses")
            .numbers(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, uids)
            .addresses(
                CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
                CUDNN_TYPE_VOID_PTR,
                Arrays.copyOf(next, uids.length))
            .addresses(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, next[uids.length])
            .finish();
    if (sets[oldest] != null) {
      sets[oldest].close();
    }
    sets[oldest] = made;
    addresses[oldest] = next.clone();
    oldest = (oldest + 1) % SETS;
    return made;
  }

  @Override
  public void close() {
    for (BackendDescriptor s : sets) {
      if (s != null) {
        s.close();
      }
    }
  }
}
