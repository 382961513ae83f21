package dev.blindspot.nn.onnx;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;

/** What a model that cannot be read is refused with. */
final class Refusals {
  private Refusals() {}

  private static <E extends BlindspotException> void refused(
      Class<E> kind, Models m, String output, String... parts) {
    E e = assertThrows(kind, () -> m.read(output));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
    assertTrue(e.getMessage().startsWith("m.onnx: "), e.getMessage());
  }

  static void invalid(Models m, String output, String... parts) {
    refused(InvalidInputException.class, m, output, parts);
  }

  static void unsupported(Models m, String output, String... parts) {
    refused(UnsupportedException.class, m, output, parts);
  }
}
