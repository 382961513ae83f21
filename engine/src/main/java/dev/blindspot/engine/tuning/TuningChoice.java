package dev.blindspot.engine.tuning;

import dev.blindspot.engine.InvalidInputException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A choice that was measured.
 *
 * @param machine device, library versions and settings that it holds for
 * @param question what was to be chosen: a desc with its options, or a library's algorithm
 * @param answer the fastest
 * @param seconds of each that was measured, in the order of measuring
 */
public record TuningChoice(
    String machine, String question, String answer, Map<String, Double> seconds) {

  public TuningChoice {
    seconds = Collections.unmodifiableMap(new LinkedHashMap<>(seconds));
    plain("machine", machine);
    plain("question", question);
    plain("answer", answer);
    for (Map.Entry<String, Double> e : seconds.entrySet()) {
      plain("name", e.getKey());
      if (!(e.getValue() >= 0) || e.getValue().isInfinite()) {
        throw new InvalidInputException("a measured time is " + e.getValue());
      }
    }
  }

  private static void plain(String what, String text) {
    if (text.isEmpty() || text.chars().anyMatch(c -> c < ' ')) {
      throw new InvalidInputException("a choice's " + what + " is empty or holds control signs");
    }
  }
}
