package dev.blindspot.bench.report;

import java.util.Locale;

/** Text and numbers for a page. */
public final class Html {
  private Html() {}

  /** Text that stands for itself in an element or a quoted attribute. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** Three significant digits; a dash for what is not a number. */
  public static String number(double v) {
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
  public static String count(long v) {
    return String.format(Locale.ROOT, "%,d", v);
  }

  /** A part of one as a percentage. */
  public static String percent(double part) {
    return String.format(Locale.ROOT, "%.4g", 100 * part).replaceAll("\\.?0+$", "") + " %";
  }

  public static String seconds(double s) {
    return String.format(Locale.ROOT, "%.1f s", s);
  }

  /** Appends a number in large type under its name; nothing is escaped. */
  static void tile(StringBuilder s, String name, String value, String note) {
    s.append("<div class=\"tile\"><div class=\"name\">").append(name);
    s.append("</div><div class=\"value\">").append(value);
    s.append("</div><div class=\"note\">").append(note).append("</div></div>\n");
  }

  /** Appends a row of a table; {@code cells} are not escaped. */
  public static void row(StringBuilder s, String... cells) {
    s.append("<tr>");
    for (String c : cells) {
      s.append("<td>").append(c).append("</td>");
    }
    s.append("</tr>\n");
  }

  /** Appends one line of what is known of a result; {@code html} is not escaped. */
  public static void fact(StringBuilder s, String name, String html) {
    s.append("<dt>").append(name).append("</dt><dd>").append(html).append("</dd>\n");
  }

  /** Appends how a result was made: command, program, device. */
  public static void facts(
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
