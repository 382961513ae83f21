package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.*;

import dev.blindspot.engine.Precision;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Makes an execution plan of a graph: engines as heuristics mode A ranks them, then the fallback
 * list; the first that is allowed, can be finished and needs little enough workspace. Never
 * measures, so the same graph gets the same engine.
 */
final class GraphPlanner {
  private static final int[] MODES = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};

  /** Reasons of refused engines that a message holds. */
  private static final int MOST_REASONS = 4;

  /** Numerical notes that forbid an engine. */
  private final Set<Note> forbidden;

  /** What an engine says of its numbers; in the order of {@code cudnnBackendNumericalNote_t}. */
  private enum Note {
    TENSOR_CORE,
    DOWN_CONVERT_INPUTS,
    REDUCED_PRECISION_REDUCTION,
    FFT,
    NONDETERMINISTIC,
    WINOGRAD,
    WINOGRAD_TILE_4X4,
    WINOGRAD_TILE_6X6,
    WINOGRAD_TILE_13X13
  }

  private final String doing;

  /**
   * Engines that round by themselves, transform or depend on timing are always refused; in strict
   * FP32 those with tensor cores too, which would take TF32.
   */
  GraphPlanner(Precision precision, String doing) {
    this.doing = doing;
    forbidden = EnumSet.allOf(Note.class);
    if (precision != Precision.FP32) {
      forbidden.remove(Note.TENSOR_CORE);
    }
  }

  /**
   * A plan within so much workspace.
   *
   * @throws UnsupportedException with the reasons of the engines if there is none
   */
  GraphExecution plan(LibraryContext c, Resources resources, GraphBuilder graph, long most) {
    BackendDescriptor operations = operations(c, resources, graph);
    List<String> reasons = new ArrayList<>();
    for (int mode : MODES) {
      GraphExecution execution = null;
      for (BackendDescriptor configuration : configurations(operations, mode, reasons)) {
        if (execution == null) {
          execution = finish(c, resources, configuration, graph, most, reasons);
        } else {
          configuration.close();
        }
      }
      if (execution != null) {
        return execution;
      }
    }
    throw refusal(reasons);
  }

  /** "" if some engine is offered and allowed, else the reasons. */
  String reasonWhyNot(LibraryContext c, Resources resources, GraphBuilder graph) {
    List<String> reasons = new ArrayList<>();
    BackendDescriptor operations;
    try {
      operations = operations(c, resources, graph);
    } catch (UnsupportedException e) {
      return e.getMessage();
    }
    for (int mode : MODES) {
      List<BackendDescriptor> offered = configurations(operations, mode, reasons);
      offered.forEach(BackendDescriptor::close);
      if (!offered.isEmpty()) {
        return "";
      }
    }
    return refusal(reasons).getMessage();
  }

  private static UnsupportedException refusal(List<String> reasons) {
    StringJoiner text = new StringJoiner("; ", "no engine of cuDNN executes this graph: ", "");
    text.setEmptyValue("cuDNN offers no engine for this graph");
    reasons.stream().distinct().limit(MOST_REASONS).forEach(text::add);
    return new UnsupportedException(text.toString());
  }

  private BackendDescriptor operations(LibraryContext c, Resources resources, GraphBuilder graph) {
    BackendDescriptor operations =
        resources
            .add(new BackendDescriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, "a graph"))
            .addresses(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, c.cudnn().address())
            .descriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, graph.operations());
    int status = operations.tryFinish();
    if (CudnnStatus.notSupported(status)) {
      throw new UnsupportedException(CudnnStatus.describe(status));
    }
    CudnnStatus.check(status, doing + ": finishing the graph");
    return operations;
  }

  /** Engine configurations that are allowed, best first; the caller closes them. */
  private List<BackendDescriptor> configurations(
      BackendDescriptor operations, int mode, List<String> reasons) {
    try (BackendDescriptor heuristics =
        new BackendDescriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, "heuristics")) {
      heuristics
          .descriptors(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, operations)
          .choice(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
      int status = heuristics.tryFinish();
      if (status != 0) {
        reasons.add(CudnnStatus.describe(status)); // the other mode may have engines
        return List.of();
      }
      return allowed(heuristics, reasons);
    }
  }

  private List<BackendDescriptor> allowed(BackendDescriptor heuristics, List<String> reasons) {
    int count = (int) heuristics.count(CUDNN_ATTR_ENGINEHEUR_RESULTS);
    BackendDescriptor[] all = new BackendDescriptor[count];
    for (int i = 0; i < count; i++) {
      all[i] = new BackendDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, "an engine's choice");
    }
    int got = count == 0 ? 0 : heuristics.getDescriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, all);
    List<BackendDescriptor> allowed = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Set<Note> against = i < got ? notes(all[i]) : EnumSet.noneOf(Note.class);
      against.retainAll(forbidden);
      if (i < got && against.isEmpty()) {
        allowed.add(all[i]);
        continue;
      }
      all[i].close();
      if (i < got) {
        reasons.add("an engine notes " + against);
      }
    }
    return allowed;
  }

  private static Set<Note> notes(BackendDescriptor configuration) {
    Set<Note> notes = EnumSet.noneOf(Note.class);
    try (BackendDescriptor engine =
        new BackendDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, "an engine")) {
      configuration.getDescriptors(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
      for (int note :
          engine.getChoices(
              CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
              CUDNN_TYPE_NUMERICAL_NOTE,
              CUDNN_NUMERICAL_NOTE_TYPE_COUNT)) {
        if (note < Note.values().length) {
          notes.add(Note.values()[note]);
        }
      }
    }
    return notes;
  }

  /** The plan, or null with one reason more and the configuration closed. */
  private GraphExecution finish(
      LibraryContext c,
      Resources resources,
      BackendDescriptor configuration,
      GraphBuilder graph,
      long most,
      List<String> reasons) {
    BackendDescriptor plan =
        new BackendDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, "a plan")
            .addresses(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, c.cudnn().address())
            .descriptors(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    int status = plan.tryFinish();
    String reason = status == 0 ? "" : CudnnStatus.describe(status);
    long bytes = status == 0 ? plan.getNumber(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE) : 0;
    if (bytes > most) {
      reason = "an engine needs " + bytes + " bytes of workspace, more than " + most;
    }
    if (!reason.isEmpty()) {
      // An engine may also fail to compile its kernels where the next one does not.
      reasons.add(reason);
      plan.close();
      configuration.close();
      return null;
    }
    resources.add(configuration);
    resources.add(plan);
    return resources.add(new GraphExecution(plan, graph.uids(), bytes));
  }
}
