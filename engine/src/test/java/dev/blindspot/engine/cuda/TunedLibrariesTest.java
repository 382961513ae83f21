package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Tuning;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.tuning.TuningChoice;
import dev.blindspot.engine.tuning.TuningFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Choices among the libraries' implementations, algorithms and engines. */
class TunedLibrariesTest {
  @TempDir private Path folder;
  private BackendOptions options;

  @BeforeEach
  void open() {
    CudaRig.open();
    options = BackendOptions.defaults().tuningFile(folder.resolve("tuning.txt"));
  }

  private List<TuningChoice> choices() {
    return TuningFile.read(folder.resolve("tuning.txt"));
  }

  private static List<String> names(Backend b, Conv2dDesc d, PlanOptions o) {
    List<String> names = new ArrayList<>();
    try (var plan = b.plan(d, o)) {
      o.directions().forEach(direction -> names.add(plan.implementation(direction)));
    }
    return names;
  }

  @ParameterizedTest
  @CsvSource({"NCHW,FP32,cudnn algorithm", "NHWC,TF32,cudnn engine", "NHWC,BF16,Conv2d"})
  void measuredConvolutionsAreRightAndStay(Layout layout, Precision precision, String question) {
    Conv2dDesc d =
        Conv2dDesc.of(F32, 3, 8, 7, 6)
            .filters(8, 3, 3, 1)
            .post(PostOp.BIAS, PostOp.RELU)
            .reluMask(true)
            .layouts(layout, layout);
    PlanOptions o = PlanOptions.all().precision(precision);
    List<String> names;
    try (Backend b = Backends.create("cuda", options.tuning(Tuning.MEASURE));
        Context ctx = b.newContext()) {
      WeightedCheck.of(d, 0).run(b, ctx, o, 3, true);
      WeightedCheck.of(d, 0).run(b, ctx, o, 2, false);
      names = names(b, d, o);
    }
    List<TuningChoice> kept = choices();
    assertTrue(kept.stream().anyMatch(c -> c.question().startsWith(question)), kept::toString);
    assertTrue(kept.stream().anyMatch(c -> c.question().startsWith("Conv2d")), kept::toString);
    try (Backend b = Backends.create("cuda", options.tuning(Tuning.STORED));
        Context ctx = b.newContext()) {
      assertEquals(names, names(b, d, o));
      WeightedCheck.of(d, 0).run(b, ctx, o, 3, true);
      assertNotEquals("none", b.properties().get("tuning"));
    }
    assertEquals(kept, choices(), "nothing is measured again");
  }

  @Test
  void everyAnswerOfTheFileIsTaken() throws Exception {
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 3, 5, 5).filters(4, 3, 3);
    PlanOptions o = PlanOptions.directions(Direction.FORWARD).implementation("cudnn:legacy-conv");
    try (Backend b = Backends.create("cuda", options.tuning(Tuning.MEASURE))) {
      b.plan(d, o).close();
    }
    TuningChoice c = choices().get(0);
    assertTrue(c.seconds().size() > 1, c::toString);
    for (String answer : c.seconds().keySet()) {
      TuningFile.add(
          folder.resolve("tuning.txt"),
          List.of(new TuningChoice(c.machine(), c.question(), answer, c.seconds())));
      try (Backend b = Backends.create("cuda", options.tuning(Tuning.STORED))) {
        String algorithm = answer.substring(0, answer.indexOf(' '));
        assertEquals(List.of("cudnn:legacy-conv-" + algorithm), names(b, d, o));
      }
    }
  }

  @Test
  void denseLayersAreChosenByDirection() {
    LinearDesc d = LinearDesc.of(F32, 5, 33, 17).post(PostOp.BIAS, PostOp.RELU).reluMask(true);
    PlanOptions o = PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA);
    try (Backend b = Backends.create("cuda", options.tuning(Tuning.MEASURE));
        Context ctx = b.newContext()) {
      WeightedCheck.of(d, 0).run(b, ctx, PlanOptions.all(), 5, true);
      b.plan(d, o).close();
    }
    assertTrue(choices().stream().anyMatch(c -> c.question().contains("[BACKWARD_DATA]")));
    List<TuningChoice> products =
        choices().stream().filter(c -> c.question().startsWith("cublasLt algorithm")).toList();
    assertFalse(products.isEmpty());
    for (TuningChoice c : products) {
      assertEquals(Set.of("rank 0", "rank 1"), c.seconds().keySet());
    }
    try (Backend b = Backends.create("cuda", options.tuning(Tuning.STORED));
        Context ctx = b.newContext()) {
      WeightedCheck.of(d, 0).run(b, ctx, PlanOptions.all(), 5, true);
      WeightedCheck.of(d, 4).run(b, ctx, PlanOptions.all(), 3, true);
    }
  }
}
