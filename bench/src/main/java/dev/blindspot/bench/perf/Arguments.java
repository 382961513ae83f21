package dev.blindspot.bench.perf;

import dev.blindspot.engine.InvalidInputException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Arguments of this package's programs: options with a value, and --quick. */
final class Arguments {
  private static final String QUICK = "quick";

  private Arguments() {}

  /**
   * The values of the options that are given, by names without "--"; the last of each counts.
   *
   * @param program named where it refuses arguments
   * @param valued names of the options that have a value
   */
  static Map<String, String> parse(String program, String[] args, List<String> valued) {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < args.length; i++) {
      String name = args[i].startsWith("--") ? args[i].substring(2) : "";
      if (name.equals(QUICK)) {
        options.put(QUICK, "");
      } else if (!valued.contains(name)) {
        throw new InvalidInputException(
            program + ": " + args[i] + "? --" + String.join(", --", valued) + ", --" + QUICK);
      } else if (i + 1 == args.length) {
        throw new InvalidInputException(program + ": " + args[i] + " needs a value");
      } else {
        options.put(name, args[++i]);
      }
    }
    return options;
  }
}
