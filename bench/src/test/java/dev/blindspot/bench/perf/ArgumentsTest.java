package dev.blindspot.bench.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.blindspot.engine.InvalidInputException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
  private static Map<String, String> parse(String... args) {
    return Arguments.parse("Program", args, List.of("device", "out"));
  }

  private static String refusal(String... args) {
    return assertThrows(InvalidInputException.class, () -> parse(args)).getMessage();
  }

  @Test
  void valuesAreFoundByName() {
    assertEquals(Map.of(), parse());
    assertEquals(Map.of("quick", "", "out", "--x"), parse("--out", "a", "--quick", "--out", "--x"));
  }

  @Test
  void otherArgumentsAreRefused() {
    assertEquals("Program: --torch? --device, --out, --quick", refusal("--torch", "x"));
    assertEquals("Program: out? --device, --out, --quick", refusal("out", "x"));
    assertEquals("Program: --device needs a value", refusal("--quick", "--device"));
  }
}
