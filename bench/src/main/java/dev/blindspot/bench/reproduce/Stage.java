package dev.blindspot.bench.reproduce;

/**
 * One table or figure.
 *
 * @param <R> what it finds: a record that can be written as JSON and read back
 */
public interface Stage<R> {

  /** Its key in results.json and its name on the command line: "table1". */
  String key();

  /** For the report: "Table 1: ...". */
  String title();

  /** Type of the results. */
  Class<R> type();

  /** The paper's numbers, in the shape of ours; null where it has none. */
  Object paper();

  /** Seconds that it took at this scale on two cores, to estimate the time left by. */
  double expectedSeconds(Scale scale);

  /**
   * Does the work. Whatever takes long is asked of the reproduction, which keeps it.
   *
   * @throws dev.blindspot.engine.InvalidInputException if something kept is damaged
   */
  R run(Reproduction reproduction);

  /** Writes the report's section, without its title. */
  void write(R ours, Section section);
}
