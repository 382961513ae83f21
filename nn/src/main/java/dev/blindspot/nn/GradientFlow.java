package dev.blindspot.nn;

import dev.blindspot.nn.FusedGraph.Group;
import dev.blindspot.nn.FusedGraph.Source;
import java.util.ArrayList;
import java.util.List;

/**
 * How gradients come together on the way back. Of the readers of a tensor the one executed last
 * writes its gradient first, the others add to it. A ReLU whose readers all mask their gradients by
 * its output has nothing left to do (the mask of a sum is the sum of the masked); a layer that may
 * work in place hands the memory of its own gradient down.
 */
final class GradientFlow {
  /** The only owner of a gradient's memory is the group itself. */
  static final int OWN = -1;

  private record Reader(int group, int input) {}

  private final FusedGraph graph;
  private final ChannelsLast channels;
  private final List<Group> groups;
  private final boolean fused;
  private final List<Fusion> fusions = new ArrayList<>();
  private final int[] memory;
  private final boolean[] handedDown;

  GradientFlow(FusedGraph graph, ChannelsLast channels, boolean fused) {
    this.graph = graph;
    this.channels = channels;
    this.fused = fused;
    groups = graph.groups();
    memory = new int[groups.size()];
    handedDown = new boolean[groups.size()];
    groups.forEach(g -> fusions.add(g.fusion()));
    for (int g = FusedGraph.INPUT; g < groups.size(); g++) {
      if (g != FusedGraph.INPUT) {
        memory[g] = OWN;
      }
      if (fused) {
        join(g);
      }
    }
  }

  /** All that a group's layer does. */
  Fusion fusion(int group) {
    return fusions.get(group);
  }

  /** The later group in whose memory this group's gradient is formed, or {@link #OWN}. */
  int memory(int group) {
    return memory[group];
  }

  private void join(int g) {
    List<Reader> readers = readers(g);
    if (readers.isEmpty()) {
      return;
    }
    boolean repeated = readers.stream().mapToInt(Reader::group).distinct().count() < readers.size();
    if (g != FusedGraph.INPUT) {
      if (endsInRelu(g) && !repeated) {
        mask(g, readers);
      }
      handDown(g, readers.get(0));
    }
    for (int r = 1; r < readers.size() && !repeated; r++) {
      if (!converts(readers.get(r))) {
        tryFusion(readers.get(r).group(), accumulating(readers.get(r)));
      }
    }
  }

  /** Whether a reader's gradient is formed in the other order of channels, in memory of its own. */
  private boolean converts(Reader r) {
    return channels.converts(r.group(), graph.inputs(groups.get(r.group())).get(r.input()));
  }

  /** Those that give g's output a gradient, in the order in which they do. */
  private List<Reader> readers(int g) {
    List<Reader> found = new ArrayList<>();
    for (int j = groups.size() - 1; j > g; j--) {
      List<Source> inputs = graph.inputs(groups.get(j));
      for (int k = 0; k < inputs.size(); k++) {
        if (inputs.get(k).group() == g && graph.gradient(groups.get(j).reads().get(k))) {
          found.add(new Reader(j, k));
        }
      }
    }
    return found;
  }

  private boolean endsInRelu(int g) {
    Group group = groups.get(g);
    return group.fusion().relu()
        || graph.head(group).layer().role(graph.setup(group, group.fusion()).training())
            == Layer.Role.RELU;
  }

  private boolean tryFusion(int g, Fusion f) {
    Group group = groups.get(g);
    boolean can = graph.mayFuse(group) && graph.head(group).layer().fuses(graph.setup(group, f));
    if (can) {
      fusions.set(g, f);
    }
    return can;
  }

  /** Lets all readers mask, or none. */
  private void mask(int g, List<Reader> readers) {
    List<Fusion> before = List.copyOf(fusions);
    Fusion own = fusions.get(g);
    boolean all = tryFusion(g, own.backward(true, own.masks(), own.accumulates()));
    for (Reader r : readers) {
      all = all && tryFusion(r.group(), masking(r));
    }
    if (!all) {
      fusions.clear();
      fusions.addAll(before);
    }
  }

  private Fusion masking(Reader r) {
    Fusion f = fusions.get(r.group());
    return f.backward(f.masked(), with(f.masks(), r.input()), f.accumulates());
  }

  private Fusion accumulating(Reader r) {
    Fusion f = fusions.get(r.group());
    return f.backward(f.masked(), f.masks(), with(f.accumulates(), r.input()));
  }

  private static List<Boolean> with(List<Boolean> flags, int at) {
    List<Boolean> set = new ArrayList<>(flags);
    set.set(at, true);
    return set;
  }

  /** The gradient of the last group is the caller's: nothing is formed in its memory. */
  private void handDown(int g, Reader first) {
    int from = first.group();
    Group group = groups.get(from);
    Fusion f = fusions.get(from);
    if (from < groups.size() - 1
        && !handedDown[from]
        && !f.masks().get(first.input())
        && !converts(first)
        && graph.mayFuse(group)
        && graph.head(group).layer().gradientInPlace(graph.setup(group, f), first.input())) {
      memory[g] = from;
      handedDown[from] = true;
    }
  }
}
