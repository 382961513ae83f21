package dev.blindspot.engine.cpu;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A forgotten arena is reported, once and with its maker's stack, and never freed. */
class CpuArenaTest {
  private static final Logger LOGGER = Logger.getLogger("dev.blindspot.engine");
  private final List<LogRecord> reports = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord r) {
          if (r.getMessage().contains("12352 bytes")) {
            reports.add(r);
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOGGER.addHandler(handler);
    LOGGER.setUseParentHandlers(false);
  }

  @AfterEach
  void stopListening() {
    LOGGER.removeHandler(handler);
    LOGGER.setUseParentHandlers(true);
  }

  @Test
  void leaksAreReportedNotFreed() {
    try (Backend backend = Backends.create("cpu")) {
      CpuArena arena = (CpuArena) backend.arena(12345);
      Tensor x = arena.tensor(F32, 2).copyFrom(new float[] {1, 2});
      arena.life().ownerIsUnreachable(); // what the Cleaner does, without waiting for it
      arena.life().ownerIsUnreachable();
      assertEquals(1, reports.size());
      LogRecord report = reports.get(0);
      assertTrue(report.getMessage().contains("never closed"), report.getMessage());
      assertTrue(
          Arrays.stream(report.getThrown().getStackTrace())
              .anyMatch(f -> f.getMethodName().equals("leaksAreReportedNotFreed")),
          "the report holds the maker's stack");
      assertArrayEquals(new float[] {1, 2}, x.toFloats());
      arena.close();
      assertSame(report, reports.get(reports.size() - 1));
    }
  }

  @Test
  void closedArenasAreNotReported() {
    try (Backend backend = Backends.create("cpu")) {
      CpuArena arena = (CpuArena) backend.arena(12345);
      arena.close();
      arena.life().ownerIsUnreachable();
      assertEquals(List.of(), reports);
    }
  }
}
