package dev.blindspot.engine.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.sun.management.ThreadMXBean;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.primitives.SingularValuesDesc;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * On backends cpu and cuda executing a plan, and replaying a program, allocates nothing on the Java
 * heap. (What a kernel allocates natively is counted by the native module's sanitizer program.)
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AllocationTest {
  /** Steps of a round. */
  private static final int STEPS = 20;

  private Backend backend;
  private Context ctx;
  private Catalogue catalogue;

  @BeforeAll
  void open() {
    backend = Backends.create(Rig.name(), BackendOptions.defaults().threads(2));
    ctx = backend.newContext();
    catalogue = new Catalogue(backend, ctx);
  }

  @AfterAll
  void close() {
    catalogue.close();
    ctx.close();
    backend.close();
  }

  Collection<String> names() {
    return catalogue.steps().keySet();
  }

  /** All descs but that of singular values, whose plan copies its matrix. */
  @Test
  void theCatalogueIsComplete() throws IOException, URISyntaxException {
    Path classes = Path.of(Desc.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path primitives = classes.resolve("dev/blindspot/engine/primitives");
    try (Stream<Path> files = Files.list(primitives)) {
      TreeSet<String> descs = new TreeSet<>();
      files
          .map(f -> f.getFileName().toString())
          .filter(name -> name.endsWith("Desc.class"))
          .forEach(name -> descs.add(name.replace(".class", "")));
      descs.remove(SingularValuesDesc.class.getSimpleName());
      assertEquals(descs, new TreeSet<>(names()));
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void executionsAllocateNothing(String desc) {
    assertEquals(0, steadyBytes(catalogue.steps().get(desc)), "bytes of a round of steps, warm");
  }

  @ParameterizedTest
  @MethodSource("names")
  void replaysAllocateNothingAndGiveEqualBits(String desc) {
    Runnable step = catalogue.steps().get(desc);
    byte[] before = catalogue.contents();
    step.run();
    step.run();
    byte[] executed = catalogue.contents();
    assertFalse(Arrays.equals(before, executed), "the step does nothing");
    catalogue.restore(before);
    try (Program program = ctx.record(step)) {
      assertArrayEquals(before, catalogue.contents(), "recording executes nothing");
      program.run();
      program.run();
      assertArrayEquals(executed, catalogue.contents());
      assertEquals(0, steadyBytes(program::run), "bytes of a round of replays, warm");
    }
    catalogue.restore(before);
  }

  /**
   * Bytes of a round of steps after the first ones, in which classes are loaded. Nothing is left to
   * the compiler's escape analysis: what it removes on one machine it may not remove on another.
   */
  private static long steadyBytes(Runnable step) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long id = Thread.currentThread().getId();
    long allocated = -1;
    for (int round = 0; round < 200 && allocated != 0; round++) {
      long before = threads.getThreadAllocatedBytes(id);
      for (int i = 0; i < STEPS; i++) {
        step.run();
      }
      allocated = threads.getThreadAllocatedBytes(id) - before;
    }
    return allocated;
  }
}
