package dev.blindspot.bench.report;

import dev.blindspot.attacks.bounds.PaperTable;
import java.util.ArrayList;
import java.util.List;

/**
 * The columns of a {@link PaperTable} for JSON files.
 *
 * @param layers one for each row of the bound
 * @param paperProduct of the paper's numbers; null unless all layers of its AlexNet are there
 * @param printedProduct by its formulas as printed; null if one is not defined
 */
public record PaperColumns(List<Layer> layers, double paperProduct, double printedProduct) {

  /**
   * One layer.
   *
   * @param size as the paper writes it: "3x11x11x96"; empty for layers without weights
   * @param stride of a convolution; 0 for other layers
   * @param paper the paper's number for a layer of this size; null if it has none
   * @param printed by its formula as printed; null where it defines none
   * @param note how {@code printed} came about, or why there is none
   */
  public record Layer(
      String name, String size, int stride, double paper, double printed, String note) {}

  /** The columns of a table. */
  public static PaperColumns of(PaperTable table) {
    return new PaperColumns(
        table.rows().stream()
            .map(
                r ->
                    new Layer(
                        r.bound().name(), r.size(), r.stride(), r.paper(), r.printed(), r.note()))
            .toList(),
        table.paperProduct(),
        table.printedProduct());
  }

  /** What a reader has to know of these columns, in sentences. */
  public static List<String> remarks(PaperTable table) {
    List<String> remarks = new ArrayList<>();
    remarks.add(
        "The column \"paper\" is Table 5 of Szegedy et al. 2013, for other weights of the same size;"
            + " \"its formula\" is not a bound: printed for stride s it is too small by the factor s,"
            + " its frequencies do not cover a period, and it takes overlapping max-pools as"
            + " contractive.");
    List<String> below =
        table.rows().stream()
            .filter(r -> r.printed() < r.bound().lower())
            .map(r -> r.bound().name())
            .toList();
    if (!below.isEmpty()) {
      remarks.add(
          "Below what the layer really does (its lower end): " + String.join(", ", below) + ".");
    }
    return remarks;
  }
}
