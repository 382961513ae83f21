package dev.blindspot.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The CUDA C of our kernels, from the class path: one source for each group, and the headers that
 * they include by name. Each kernel's launch is written before it (kernels.cuh says how).
 */
public final class CudaSources {
  /** Compiled without fused multiply-add, for the bits of the reference. */
  public static final String NO_CONTRACTION = "// BS_NO_CONTRACTION";

  private static final List<String> GROUPS =
      List.of(
          "activation",
          "conv",
          "dense",
          "loss",
          "move",
          "normalise",
          "pad",
          "pool",
          "rows_elementwise",
          "rows_group",
          "rows_index",
          "rows_lbfgs",
          "rows_project",
          "rows_random",
          "rows_reduce",
          "rows_step",
          "rows_step_long",
          "singular");

  private static final List<String> HEADERS =
      List.of(
          "activation.cuh",
          "gradient_mask.cuh",
          "kernels.cuh",
          "loss.cuh",
          "order.cuh",
          "philox.cuh",
          "reduce.cuh",
          "rows.cuh",
          "rows_elementwise.cuh",
          "rows_lbfgs.cuh",
          "rows_project.cuh",
          "rows_reduce.cuh",
          "rows_step.cuh");

  private CudaSources() {}

  /** Names of the groups. */
  public static List<String> groups() {
    return GROUPS;
  }

  /** Names of the headers, as sources include them. */
  public static List<String> headers() {
    return HEADERS;
  }

  /** The source of a group. */
  public static String source(String group) {
    return text(group + ".cu");
  }

  /** The text of a header. */
  public static String header(String name) {
    return text(name);
  }

  private static String text(String file) {
    try (InputStream in = CudaSources.class.getResourceAsStream("cuda/" + file)) {
      if (in == null) {
        throw new IllegalArgumentException(
            "dev/blindspot/kernels/cuda/" + file + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("dev/blindspot/kernels/cuda/" + file, e);
    }
  }
}
