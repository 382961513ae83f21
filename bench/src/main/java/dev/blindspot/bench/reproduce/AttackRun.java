package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Checksum;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs the paper's attack part by part; each part is kept in a file of its own. */
record AttackRun(Backend backend, long seed, Path folder, Tasks tasks) {
  /** Samples of a part: what a killed run loses. */
  private static final int PART = 500;

  AttackResult get(TrainedNetwork network, String purpose, Samples samples) {
    LbfgsAttack attack = LbfgsAttack.defaults();
    String name = network.of().file() + "-" + purpose;
    List<AttackResult> parts = new ArrayList<>();
    try (Tasks.Task task = tasks.start("Attacking " + network.name(), "images", samples.count())) {
      for (int from = 0; from < samples.count(); from += PART) {
        int before = from;
        Samples part = samples.part(from, Math.min(samples.count(), from + PART));
        Path file = folder.resolve("attacks").resolve(name + "-" + from / PART + ".bin");
        String identity = identity(network, attack, part);
        AttackResult r;
        if (Files.exists(file)) {
          r =
              AttackFile.read(
                  file,
                  identity,
                  network.network().inputShape(),
                  part.count(),
                  attack.norm(),
                  seed);
        } else {
          r = attack.run(problem(network, part), (done, all) -> task.update(before + done, ""));
          AttackFile.write(file, identity, r);
        }
        parts.add(r);
        task.update(from + part.count(), "");
      }
    }
    return join(parts);
  }

  private AttackProblem problem(TrainedNetwork network, Samples s) {
    return AttackProblem.of(
            network.network(), network.parameters(), backend, s.images(), s.labels())
        .targets(s.targets())
        .samples(s.index())
        .seed(seed);
  }

  /** The network's file is checked by its own identity; here its values would only repeat it. */
  private String identity(TrainedNetwork network, LbfgsAttack attack, Samples s) {
    return Checksum.sha256(
        network.of().file()
            + " "
            + network.of().recipe()
            + " "
            + network.of().autoencoder()
            + " "
            + network.training().checksum()
            + " "
            + attack
            + " "
            + seed
            + " "
            + backend.properties()
            + " "
            + Arrays.toString(s.index())
            + Arrays.toString(s.targets())
            + Arrays.hashCode(s.images()));
  }

  private static AttackResult join(List<AttackResult> parts) {
    AttackResult first = parts.get(0);
    int length = parts.stream().mapToInt(p -> p.adversarials().length).sum();
    float[] adversarials = new float[length];
    List<AttackResult.Sample> samples = new ArrayList<>();
    int at = 0;
    for (AttackResult p : parts) {
      System.arraycopy(p.adversarials(), 0, adversarials, at, p.adversarials().length);
      at += p.adversarials().length;
      samples.addAll(p.samples());
    }
    return new AttackResult(
        first.attack(),
        first.norm(),
        first.targeted(),
        first.seed(),
        first.shape(),
        adversarials,
        List.copyOf(samples));
  }
}
