package dev.blindspot.bench;

import static dev.blindspot.engine.Direction.FORWARD;
import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.Certificate;
import dev.blindspot.attacks.bounds.MarginCertifier;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.zoo.TrainedNetworks;
import dev.blindspot.nn.zoo.TrainedNetworks.Trained;
import dev.blindspot.nn.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The README's examples: this file holds them word by word, and runs them. */
class ReadmeExamplesTest {

  @Test
  void convolutionIsPlannedAndRun() {
    assertArrayEquals(new float[] {12, 12, 12, 12}, convolution("reference"));
  }

  @Test
  void attackFindsAnAdversarialForEveryImageBeyondItsCertificate() {
    boolean cpu =
        Backends.available().entrySet().stream()
            .anyMatch(e -> e.getKey().name().equals("cpu") && e.getValue().available());
    Assumptions.assumeTrue(cpu, "training on the reference backend takes too long");
    AttackResult result = attack("cpu");
    assertEquals(10, result.samples().size());
    assertEquals(1, result.successRate());
  }

  @Test
  void everyExampleOfTheReadmeIsInThisFile() throws IOException {
    String source =
        squeeze(
            Files.readString(Path.of("src/test/java/dev/blindspot/bench/ReadmeExamplesTest.java")));
    Matcher block =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("../README.md")));
    int blocks = 0;
    while (block.find()) {
      assertTrue(source.contains(squeeze(block.group(1))), block.group(1));
      blocks++;
    }
    assertEquals(2, blocks);
  }

  private static String squeeze(String code) {
    return code.replaceAll("\\s+", "");
  }

  private static float[] convolution(String device) {
    try (Backend backend = Backends.create(device);
        Context context = backend.newContext();
        TensorArena arena = backend.arena(1 << 20)) {
      // A batch of one image with 3 channels of 3 x 3, one filter of 3 x 3, stride 2, padding 1.
      Conv2dDesc desc = Conv2dDesc.of(F32, 1, 3, 3, 3).filters(1, 3, 3, 1).stride(2);
      Conv2dPlan plan = backend.plan(desc, PlanOptions.directions(FORWARD));
      System.out.println(plan.implementation(FORWARD));

      Tensor x = arena.tensor(F32, 1, 3, 3, 3).copyFrom(ones(27));
      Tensor w = arena.tensor(F32, 1, 3, 3, 3).copyFrom(ones(27));
      Tensor y = arena.tensor(F32, 1, 1, desc.p(), desc.q());
      try (PackedWeights packed = plan.pack(context, w)) {
        plan.forward(context, x, packed, null, y); // allocates nothing; repeat it as you like
      }
      context.synchronize();
      return y.toFloats();
    }
  }

  private static AttackResult attack(String device) {
    DataSplit digits = DataSets.load("synthetic", null, 1);
    DataSet test = digits.test();
    try (Backend backend = Backends.create(device);
        Trained net =
            TrainedNetworks.get(
                Zoo.get("fc10", test.sampleShape(), test.classes()),
                digits.train(),
                backend,
                1,
                false,
                (step, steps, loss) -> {})) {
      float[] images = new float[10 * test.sampleSize()];
      test.read(0, 10, images, 0);
      int[] labels = IntStream.range(0, 10).map(test::label).toArray();
      Network network = net.network();
      Parameters weights = net.parameters();

      AttackProblem problem = AttackProblem.of(network, weights, backend, images, labels);
      AttackResult result = LbfgsAttack.defaults().run(problem);
      MarginCertifier certifier =
          new MarginCertifier(network, weights, BoundsOptions.defaults().backend(backend));
      List<Certificate> radii = certifier.certify(images, labels);
      for (int i = 0; i < 10; i++) {
        AttackResult.Sample s = result.samples().get(i);
        System.out.printf(
            "%d -> %d: certified %.3f, found %.3f%n",
            s.label(), s.adversarialLabel(), radii.get(i).radius(), s.distortion().l2());
      }
      return result;
    }
  }

  private static float[] ones(int n) {
    float[] v = new float[n];
    java.util.Arrays.fill(v, 1);
    return v;
  }
}
