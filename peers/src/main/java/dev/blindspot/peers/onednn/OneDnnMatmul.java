package dev.blindspot.peers.onednn;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import java.util.List;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory.format_tag;

/** Matrix products; constant weights are packed as it likes. */
final class OneDnnMatmul {
  private OneDnnMatmul() {}

  /** A factor: its plain memory as rows x columns; transposed if the memory is columns x rows. */
  private record Factor(int stream, long rows, long columns, boolean transposed, boolean packed) {
    memory.desc plain() {
      return OneDnn.desc(transposed ? format_tag.ba : format_tag.ab, rows, columns);
    }

    memory.desc wanted() {
      return packed ? OneDnn.desc(format_tag.any, rows, columns) : plain();
    }

    memory load(OneDnn library, memory.desc desc) {
      return library.random(stream, plain(), desc, rows * columns);
    }
  }

  static PeerVariant variant(OneDnn library, PeerProblem p) {
    long m = p.get("m");
    long k = p.get("k");
    long n = p.get("n");
    return switch (p.pass()) {
      case "BWD_D" ->
          product(library, new Factor(1, m, n, false, false), new Factor(0, n, k, false, true));
      case "BWD_W" ->
          product(library, new Factor(1, n, m, true, false), new Factor(0, m, k, false, false));
      default ->
          product(library, new Factor(0, m, k, false, false), new Factor(1, k, n, true, true));
    };
  }

  private static PeerVariant product(OneDnn library, Factor a, Factor b) {
    memory.desc plain = OneDnn.desc(format_tag.ab, a.rows, b.columns);
    var d = new matmul.primitive_desc(library.engine(), a.wanted(), b.wanted(), plain);
    memory ma = a.load(library, d.src_desc());
    memory mb = b.load(library, d.weights_desc());
    memory mc = library.empty(d.dst_desc());
    return new OneDnnVariant(
        (b.packed ? "packed " : "plain ") + d.impl_info_str().getString(),
        new matmul(d),
        library.stream(),
        OneDnnVariant.arguments(
            dnnl.DNNL_ARG_SRC, ma, dnnl.DNNL_ARG_WEIGHTS, mb, dnnl.DNNL_ARG_DST, mc),
        List.of(ma, mb, mc),
        () -> library.values(mc, plain, a.rows * b.columns));
  }
}
