package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Program;
import dev.blindspot.engine.spi.LeakReport;
import dev.blindspot.engine.spi.Storage;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraphNode_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/** A captured CUDA graph. */
final class CudaProgram implements Program {
  private final CudaContext context;
  private final CudaBackend backend;
  private final CUgraph_st graph;
  private final CUgraphExec_st executable = new CUgraphExec_st();
  private final Storage[] storages;
  private final int length;
  private final LeakReport life;

  CudaProgram(CudaContext context, CUgraph_st graph, Storage[] storages) {
    this.context = context;
    this.backend = (CudaBackend) context.backend();
    this.graph = graph;
    this.storages = storages;
    int status;
    try (SizeTPointer nodes = new SizeTPointer(1)) {
      status = cudart.cudaGraphGetNodes(graph, null, nodes);
      length = status == 0 ? (int) nodes.get() : 0;
    }
    status = status == 0 ? cudart.cudaGraphInstantiate(executable, graph, 0) : status;
    if (status != 0) {
      cudart.cudaGraphDestroy(graph);
    }
    backend.check(status, "making " + this);
    life = LeakReport.watch(this, "cuda program");
  }

  @Override
  public void run() {
    life.checkOpen();
    for (Storage s : storages) {
      s.checkOpen();
    }
    context.begin(this, 0);
    try {
      if (context.recording()) {
        append();
        context.note(storages);
      } else {
        int status = cudart.cudaGraphLaunch(executable, context.stream());
        if (status != 0) {
          backend.check(status, toString());
        }
      }
    } finally {
      context.end();
    }
  }

  /** Adds this program as one node to the graph that the stream is capturing. */
  private void append() {
    try (IntPointer state = new IntPointer(1);
        LongPointer id = new LongPointer(1);
        PointerPointer<?> edges = new PointerPointer<>(1);
        SizeTPointer count = new SizeTPointer(1)) {
      CUgraph_st whole = new CUgraph_st();
      PointerPointer<?> before = new PointerPointer<>((Pointer) null); // the call sets its address
      backend.check(
          cudart.cudaStreamGetCaptureInfo(context.stream(), state, id, whole, before, edges, count),
          "recording " + this);
      // One stream captures, so at most one node precedes: the first of the runtime's own array.
      CUgraphNode_st last = count.get() == 0 ? null : new CUgraphNode_st(before.get(0));
      CUgraphNode_st node = new CUgraphNode_st();
      backend.check(
          cudart.cudaGraphAddChildGraphNode(node, whole, last, count.get(), graph),
          "recording " + this);
      backend.check(
          cudart.cudaStreamUpdateCaptureDependencies(
              context.stream(), node, null, 1, cudart.cudaStreamSetCaptureDependencies),
          "recording " + this);
    }
  }

  @Override
  public int length() {
    life.checkOpen();
    return length;
  }

  @Override
  public String toString() {
    return "a program of " + length + " nodes";
  }

  @Override
  public void close() {
    if (life.close()) {
      backend.checkUsable();
      context.waitIfSubmitted();
      backend.check(cudart.cudaGraphExecDestroy(executable), "closing " + this);
      backend.check(cudart.cudaGraphDestroy(graph), "closing " + this);
    }
  }
}
