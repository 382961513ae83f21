package dev.blindspot.nn;

import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.FusedGraph.Group;
import dev.blindspot.nn.FusedGraph.Source;
import java.util.ArrayList;
import java.util.List;

/**
 * Which groups compute with channels last: those whose layers gain by it, and those between them
 * that can. Their outputs and gradients lie so, and are brought into the other order only where a
 * group of the other kind reads them. What the caller sees always has channels first.
 */
final class ChannelsLast {
  private final FusedGraph graph;
  private final boolean[] last;

  ChannelsLast(FusedGraph graph, NetworkOptions options) {
    this.graph = graph;
    List<Group> groups = graph.groups();
    last = new boolean[groups.size()];
    for (int g = 0; g < last.length; g++) {
      Group group = groups.get(g);
      last[g] =
          options.fused()
              && graph.mayFuse(group)
              && !graph.isOutput(group)
              && images(group)
              && wants(graph.head(group).layer().channelsLast(graph.setup(group)), group);
    }
  }

  private boolean wants(Layer.ChannelsLast layer, Group group) {
    return switch (layer) {
      case GAINS -> true;
      case FOLLOWS -> graph.inputs(group).stream().anyMatch(this::isLast);
      case NO -> false;
    };
  }

  /** Whether a group reads images, as they were made, and makes images. */
  private boolean images(Group group) {
    boolean all = graph.head(group).outputShape().rank() == 3;
    for (Source s : graph.inputs(group)) {
      all &= s.shape().rank() == 3 && (s.group() == FusedGraph.INPUT || s.shape().equals(made(s)));
    }
    return all;
  }

  private Shape made(Source s) {
    return graph.head(graph.groups().get(s.group())).outputShape();
  }

  /** Whether a group computes with channels last. */
  boolean isLast(int group) {
    return last[group];
  }

  private boolean isLast(Source s) {
    return s.group() != FusedGraph.INPUT && last[s.group()];
  }

  /** The layout of a group's output and its gradient. */
  Layout layout(int group) {
    return last[group] ? Layout.NHWC : Layout.NCHW;
  }

  /** Whether a group reads a tensor in the other order than the one it computes in. */
  boolean converts(int group, Source s) {
    return isLast(s) != last[group];
  }

  /** The inputs that a group reads in the other order. */
  List<ConvertedPlan.Edge> edges(int group) {
    List<ConvertedPlan.Edge> edges = new ArrayList<>();
    List<Source> sources = graph.inputs(graph.groups().get(group));
    for (int k = 0; k < sources.size(); k++) {
      Source s = sources.get(k);
      if (converts(group, s)) {
        Shape made = s.group() == FusedGraph.INPUT ? s.shape() : made(s);
        Layout from = isLast(s) ? Layout.NHWC : Layout.NCHW;
        edges.add(new ConvertedPlan.Edge(k, from, made, s.shape()));
      }
    }
    return edges;
  }
}
