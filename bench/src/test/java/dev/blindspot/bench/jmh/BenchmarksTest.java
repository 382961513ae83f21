package dev.blindspot.bench.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Param;

/** The benchmarks can be run: JMH's list of them is complete, and each executes. */
class BenchmarksTest {

  @Test
  void theListThatJmhReadsNamesEachBenchmark() throws IOException {
    try (InputStream in = BenchmarksTest.class.getResourceAsStream("/META-INF/BenchmarkList")) {
      assertTrue(in != null, "no list of benchmarks: JMH's annotation processor did not run");
      String list = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (Class<?> c :
          List.of(PlanExecutionBenchmark.class, TensorBenchmark.class, PrimitiveBenchmark.class)) {
        assertTrue(list.contains(c.getName()), c + " is not in the list");
      }
      assertEquals(10, list.lines().count());
    }
  }

  @Test
  void everyPrimitiveExecutes() throws NoSuchFieldException {
    String[] names =
        PrimitiveBenchmark.class.getDeclaredField("primitive").getAnnotation(Param.class).value();
    try (Backend backend = Backends.create("cpu")) {
      for (String name : names) {
        try (PrimitiveCase c = PrimitiveCase.of(backend, name)) {
          c.execute();
        }
      }
    }
  }

  @Test
  void tinyPlansAndTensorsExecute() {
    PlanExecutionBenchmark plans = new PlanExecutionBenchmark();
    plans.prepare();
    plans.relu();
    plans.linear();
    plans.conv();
    plans.programOfOne();
    plans.programOfSixteen();
    plans.release();
  }
}
