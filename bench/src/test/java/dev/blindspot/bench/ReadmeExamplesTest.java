package dev.blindspot.bench;

import static dev.blindspot.engine.Direction.FORWARD;
import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The README's examples: this file holds them word by word, and runs them. */
class ReadmeExamplesTest {

  @Test
  void convolutionIsPlannedAndRun() {
    assertArrayEquals(new float[] {12, 12, 12, 12}, convolution("reference"));
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
    assertEquals(1, blocks);
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

  private static float[] ones(int n) {
    float[] v = new float[n];
    java.util.Arrays.fill(v, 1);
    return v;
  }
}
