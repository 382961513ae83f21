package dev.blindspot.bench.report;

import java.util.Locale;

/** Text and numbers for a page. */
final class Html {
  private Html() {}

  /** Text that stands for itself in an element or a quoted attribute. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** Three significant digits; a dash for what is not a number. */
  static String number(double v) {
    if (Double.isNaN(v)) {
      return "–";
    }
    if (Double.isInfinite(v)) {
      return "∞";
    }
    double a = Math.abs(v);
    if (a == 0) {
      return "0";
    }
    if (a < 1e-3 || a >= 1e6) {
      return String.format(Locale.ROOT, "%.2e", v);
    }
    int digits = a >= 100 ? 0 : a >= 10 ? 1 : a >= 1 ? 2 : a >= 0.1 ? 3 : 4;
    return String.format(Locale.ROOT, "%." + digits + "f", v);
  }

  /** With separators between thousands. */
  static String count(long v) {
    return String.format(Locale.ROOT, "%,d", v);
  }

  /** A part of one as a percentage. */
  static String percent(double part) {
    return String.format(Locale.ROOT, "%.4g", 100 * part).replaceAll("\\.?0+$", "") + " %";
  }

  static String seconds(double s) {
    return String.format(Locale.ROOT, "%.1f s", s);
  }

  /** Appends one line of what is known of a result; {@code html} is not escaped. */
  static void fact(StringBuilder s, String name, String html) {
    s.append("<dt>").append(name).append("</dt><dd>").append(html).append("</dd>\n");
  }

  /** Appends how a result was made: command, program, device. */
  static void facts(
      StringBuilder s,
      String command,
      String version,
      String device,
      int threads,
      String precision) {
    fact(s, "Command", "<code>" + escape(command) + "</code>");
    fact(s, "Program", "Blindspot " + escape(version));
    fact(
        s,
        "Device",
        escape(device) + ", " + threads + " threads, products in " + escape(precision));
  }
}
