package dev.blindspot.bench.workbench;

import dev.blindspot.engine.InvalidInputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A shape in benchdnn's grammar: fields of letters and a number, then optionally {@code n"name"};
 * underscores between them are ignored. "mb16ic64ih27oc192kh5ph2n"conv2"" has mb = 16, ic = 64 and
 * so on. For errors it knows where it came from.
 */
final class ShapeLine {
  private static final Pattern FIELD = Pattern.compile("([a-z]+)(\\d+)_*");
  private static final Pattern NAME = Pattern.compile("n\"?([^\"]*)\"?");

  private final String text;
  private final String place;
  private final String name;
  private final Map<String, Integer> fields = new LinkedHashMap<>();

  /**
   * Reads the fields.
   *
   * @param place "line 3 of FILE", or "the command line"
   * @param known names of fields that the primitive has
   * @throws InvalidInputException naming place and field
   */
  ShapeLine(String text, String place, List<String> known) {
    this.text = text;
    this.place = place;
    Matcher m = FIELD.matcher(text);
    int at = 0;
    while (at < text.length() && m.find(at) && m.start() == at) {
      put(m.group(1), m.group(2), known);
      at = m.end();
    }
    Matcher n = NAME.matcher(text.substring(at));
    if (at < text.length() && !n.matches()) {
      throw bad("'" + text.substring(at) + "' is neither a field such as ic64 nor a name n\"...\"");
    }
    name = at < text.length() ? n.group(1) : "";
    if (fields.isEmpty()) {
      throw bad("it has no field");
    }
  }

  private void put(String field, String digits, List<String> known) {
    if (!known.contains(field)) {
      throw bad("there is no field '" + field + "'; there are " + known);
    }
    int value;
    try {
      value = Integer.parseInt(digits);
    } catch (NumberFormatException e) {
      throw bad("field '" + field + "': " + digits + " is not below 2^31");
    }
    if (fields.put(field, value) != null) {
      throw bad("field '" + field + "' stands twice");
    }
  }

  /** The name given, or "". */
  String name() {
    return name;
  }

  boolean has(String field) {
    return fields.containsKey(field);
  }

  /** A field that must be there, at least 1. */
  int need(String field) {
    return positive(field, get(field, -1));
  }

  /** A field with a default, at least 1. */
  int positive(String field, int otherwise) {
    int v = get(field, otherwise);
    if (v < 1) {
      throw bad(
          has(field)
              ? "field '" + field + "' is " + v + "; it must be at least 1"
              : "field '" + field + "' is missing");
    }
    return v;
  }

  /** The height's field, or the width's: one alone serves both. */
  int side(String field, String other, int otherwise) {
    return get(field, get(other, otherwise));
  }

  /** A field with a default. */
  int get(String field, int otherwise) {
    return fields.getOrDefault(field, otherwise);
  }

  /** Fails if the field is there and not what follows from the others. */
  void agrees(String field, int follows) {
    if (has(field) && get(field, 0) != follows) {
      throw bad(
          "field '"
              + field
              + "' is "
              + get(field, 0)
              + ", but "
              + follows
              + " follows from the others");
    }
  }

  InvalidInputException bad(String why) {
    return new InvalidInputException("shape '" + text + "' (" + place + "): " + why);
  }
}
