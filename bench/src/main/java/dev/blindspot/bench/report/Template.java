package dev.blindspot.bench.report;

import dev.blindspot.engine.BlindspotException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Pages with places named {{name}}. */
public final class Template {
  private Template() {}

  /**
   * The page of a resource with every place filled; in one pass, what is put in is not searched.
   */
  public static String fill(String name, Map<String, String> parts) {
    StringBuilder page = new StringBuilder();
    String template = resource(name);
    int at = 0;
    for (int open = template.indexOf("{{"); open >= 0; open = template.indexOf("{{", at)) {
      int close = template.indexOf("}}", open);
      page.append(template, at, open).append(parts.get(template.substring(open + 2, close)));
      at = close + 2;
    }
    return page.append(template.substring(at)).toString();
  }

  /** A text file of the class path, beside this class or by its absolute name. */
  public static String resource(String name) {
    try (InputStream in = Template.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new BlindspotException(name + " is missing on the class path: run the build again");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
