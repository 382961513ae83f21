package dev.blindspot.nn.data;

import java.util.Collection;
import java.util.Locale;

/** Finds the known name that a mistyped one is nearest to. */
public final class NearestName {
  private NearestName() {}

  /** A sentence's end with the nearest of {@code known}: "; did you mean 'mnist'?" or ".". */
  public static String suggestion(String name, Collection<String> known) {
    String best = "";
    int least = Math.max(2, name.length() / 2) + 1;
    for (String k : known) {
      int d = distance(name.toLowerCase(Locale.ROOT), k.toLowerCase(Locale.ROOT));
      if (d < least) {
        least = d;
        best = k;
      }
    }
    return best.isEmpty() ? "." : "; did you mean '" + best + "'?";
  }

  /** Insertions, deletions and substitutions that turn a into b (Levenshtein 1966). */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitute = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitute, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
