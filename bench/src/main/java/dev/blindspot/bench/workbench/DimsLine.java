package dev.blindspot.bench.workbench;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Shapes in benchdnn's grammar for primitives without fields: dimensions joined by x, tensors
 * joined by a colon, then optionally {@code n"name"}: "8x4096:4096x4096n"fc"".
 *
 * @param shapes in their order
 * @param name or ""
 */
record DimsLine(List<Shape> shapes, String name) {
  private static final Pattern LINE =
      Pattern.compile("([0-9]+(?:x[0-9]+)*(?::[0-9]+(?:x[0-9]+)*)*)_?(?:n\"?([^\"]*)\"?)?");

  /**
   * Reads a line.
   *
   * @param place "line 3 of FILE"
   * @throws InvalidInputException naming place and field
   */
  static DimsLine parse(String text, String place, int tensors) {
    Matcher m = LINE.matcher(text);
    if (!m.matches()) {
      throw bad(text, place, "it is not like 8x4096:4096x4096n\"name\"");
    }
    List<Shape> shapes = new ArrayList<>();
    for (String dims : m.group(1).split(":")) {
      try {
        shapes.add(Shape.of(Arrays.stream(dims.split("x")).mapToLong(Long::parseLong).toArray()));
      } catch (NumberFormatException | InvalidInputException e) {
        throw bad(text, place, "field '" + dims + "': " + e.getMessage());
      }
    }
    if (shapes.size() != tensors) {
      throw bad(text, place, "it has " + shapes.size() + " tensors, not " + tensors);
    }
    return new DimsLine(shapes, m.group(2) == null ? "" : m.group(2));
  }

  static InvalidInputException bad(String text, String place, String why) {
    return new InvalidInputException("shape '" + text + "' (" + place + "): " + why);
  }
}
