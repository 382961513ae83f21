package dev.blindspot.bench.reproduce;

import java.util.List;

/** All tables and figures, in the report's order. */
public final class Stages {
  private static final List<Stage<?>> ALL =
      List.of(
          new Table1Stage(),
          new Table2Stage(),
          new Table3Stage(),
          new Table4Stage(),
          new Table5Stage(),
          new UnitsStage(),
          new FiguresStage(),
          new InstabilityStage(),
          new TrainingStage(),
          new VisualizationStage(),
          new GeneralizationStage(),
          new CalibrationStage());

  private Stages() {}

  /** All stages. */
  public static List<Stage<?>> all() {
    return ALL;
  }

  /** Their keys. */
  public static List<String> keys() {
    return ALL.stream().map(s -> s.key()).toList();
  }
}
