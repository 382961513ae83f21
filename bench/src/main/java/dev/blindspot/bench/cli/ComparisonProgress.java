package dev.blindspot.bench.cli;

import dev.blindspot.attacks.training.AdversarialTrainingListener;
import dev.blindspot.attacks.training.LayerAdversary;
import dev.blindspot.attacks.training.TrainingComparison;
import dev.blindspot.attacks.training.TrainingVariant;
import dev.blindspot.attacks.training.VariantTrainer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.Locale;

/** Shows a comparison's progress, training by training, and saves the first network if asked to. */
final class ComparisonProgress
    implements TrainingComparison.Listener, AdversarialTrainingListener, AutoCloseable {
  private final BlindspotCommand command;
  private final Network network;
  private final Path save;
  private boolean saved;
  private String task = "";
  private String run = "";
  private Progress progress;
  private String detail = "";
  private String pools = "";

  /**
   * @param save file for the first network; null for none
   */
  ComparisonProgress(BlindspotCommand command, Network network, Path save) {
    this.command = command;
    this.network = network;
    this.save = save;
  }

  @Override
  public AdversarialTrainingListener begin(TrainingVariant v, long seed, int n, int runs) {
    task = v.label() + ", seed " + seed;
    run = " (" + (n + 1) + " of " + runs + ")";
    detail = "";
    pools = "";
    return this;
  }

  @Override
  public void step(long step, long steps, double loss) {
    if (progress == null) {
      progress = command.progress(task + run, "steps", steps);
    }
    if (!Double.isNaN(loss)) {
      detail = String.format(Locale.ROOT, "loss %.4f", loss);
    }
    progress.update(step, detail + pools);
  }

  @Override
  public void renewed(int epoch, LayerAdversary.Found found, int size) {
    pools =
        String.format(
            Locale.ROOT,
            ", %d new adversarials of %s at RMS %.3f",
            found.labels().length,
            found.layer(),
            found.meanRms());
  }

  @Override
  public void end(TrainingVariant v, long seed, VariantTrainer.Trained t, double error) {
    close();
    command.say(
        String.format(
            Locale.ROOT,
            "%s: error %.2f %%, %s",
            task,
            100 * error,
            t.cached()
                ? "kept from before (--retrain trains it again)"
                : String.format(Locale.ROOT, "%.1f s", t.seconds())));
    if (save != null && !saved) {
      OnnxModel.write(save, network, t.parameters());
      saved = true;
    }
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
      progress = null;
    }
  }
}
