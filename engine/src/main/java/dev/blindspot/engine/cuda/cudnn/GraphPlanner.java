package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.*;

import dev.blindspot.engine.Precision;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.Predicate;

/**
 * Makes an execution plan of a graph: engines as heuristics mode A ranks them, then the fallback
 * list; the one asked for, else the first that is allowed, can be finished and needs little enough
 * workspace. Never measures, so the same graph gets the same engine.
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

  /** How an engine is named among those of its graph: the list it is in, and its place there. */
  private static String name(int mode, int place) {
    return (mode == CUDNN_HEUR_MODE_A ? "mode A, " : "fallback, ") + place;
  }

  /**
   * A plan within so much workspace.
   *
   * @param preferred name of the engine to take if it can be finished; null for the first
   * @throws UnsupportedException with the reasons of the engines if there is none
   */
  GraphExecution plan(
      LibraryContext c, Resources resources, GraphBuilder graph, long most, String preferred) {
    Map<String, GraphExecution> one = Map.of();
    List<String> reasons = new ArrayList<>();
    if (preferred != null) {
      one = finished(c, resources, graph, most, 1, preferred::equals, reasons);
    }
    if (one.isEmpty()) {
      one = finished(c, resources, graph, most, 1, any -> true, reasons);
    }
    if (one.isEmpty()) {
      throw refusal(reasons);
    }
    return one.values().iterator().next();
  }

  /** Plans by different engines within so much workspace, at most {@code count}, best first. */
  Map<String, GraphExecution> plans(
      LibraryContext c, Resources resources, GraphBuilder graph, long most, int count) {
    return finished(c, resources, graph, most, count, any -> true, new ArrayList<>());
  }

  private Map<String, GraphExecution> finished(
      LibraryContext c,
      Resources resources,
      GraphBuilder graph,
      long most,
      int count,
      Predicate<String> wanted,
      List<String> reasons) {
    BackendDescriptor operations = operations(c, resources, graph);
    Map<String, GraphExecution> done = new LinkedHashMap<>();
    for (int mode : MODES) {
      int place = 0;
      for (BackendDescriptor configuration : configurations(operations, mode, reasons)) {
        String name = name(mode, place++);
        if (done.size() == count || !wanted.test(name)) {
          configuration.close();
          continue;
        }
        GraphExecution e = finish(c, resources, configuration, graph, most, reasons);
        if (e != null) {
          done.put(name, e);
        }
      }
      if (done.size() == count) {
        break;
      }
    }
    return done;
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
