package dev.blindspot.bench.cli;

import dev.blindspot.nn.training.TrainingListener;
import java.util.Locale;

/** Shows a training's progress; nothing if there is none, as with a cached network. */
final class TrainingProgress implements TrainingListener, AutoCloseable {
  private final BlindspotCommand command;
  private final String name;
  private Progress progress;
  private String detail = "";

  TrainingProgress(BlindspotCommand command, String name) {
    this.command = command;
    this.name = name;
  }

  @Override
  public void step(long step, long steps, double loss) {
    if (progress == null) {
      progress = command.progress("Training " + name, "steps", steps);
    }
    if (!Double.isNaN(loss)) {
      detail = String.format(Locale.ROOT, "loss %.4f", loss);
    }
    progress.update(step, detail);
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
