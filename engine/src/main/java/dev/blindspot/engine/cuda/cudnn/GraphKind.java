package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.primitives.Conv2dDesc;
import java.util.Set;

/**
 * The convolutions by graphs that are listed.
 *
 * @param fuse post-operations and masks into the graph
 * @param pad x and w with channels of zeros, so that tensor cores can read them
 */
record GraphKind(String name, boolean fuse, boolean pad) {
  static final GraphKind PADDED = new GraphKind("cudnn:padded-graph-conv", true, true);
  static final GraphKind FUSED = new GraphKind("cudnn:graph-conv", true, false);
  static final GraphKind UNFUSED = new GraphKind("cudnn:graph-conv-unfused", false, false);

  /** The convolution that cuDNN executes. */
  Conv2dDesc inner(Conv2dDesc d, PlanOptions o) {
    int unit = unit(o.precision());
    return pad ? d.channels((d.c() + unit - 1) / unit * unit) : d;
  }

  /** Channels that tensor cores read at once, 16 bytes. */
  private static int unit(Precision precision) {
    return precision == Precision.BF16 ? 8 : 4;
  }

  /** The reason why channels are not padded here, where they would be; or "". */
  String reasonWhyNot(Conv2dDesc d, PlanOptions o) {
    if (!pad) {
      return "";
    }
    if (!o.directions().equals(Set.of(Direction.FORWARD))) {
      return "only forward";
    }
    if (o.precision() == Precision.FP32) {
      return "strict FP32 has no tensor cores that want more channels";
    }
    if (d.xLayout() != Layout.NHWC || d.yLayout() != Layout.NHWC) {
      return "layout NCHW; channels are padded where they are last";
    }
    if (d.groups() > 1) {
      return "groups; channels of the first only would be padded";
    }
    return d.c() % unit(o.precision()) == 0 ? d.c() + " channels need no padding" : "";
  }
}
