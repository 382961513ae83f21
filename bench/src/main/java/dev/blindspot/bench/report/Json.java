package dev.blindspot.bench.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.blindspot.engine.BlindspotException;

/** Records as JSON text. */
public final class Json {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Json() {}

  /** The value as indented JSON. A number that is not finite becomes a string, as JSON has none. */
  public static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new BlindspotException("The result cannot be written as JSON: " + e.getMessage(), e);
    }
  }

  /** The value as JSON in one line, safe inside an HTML script element. */
  public static String script(Object value) {
    try {
      String text =
          MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value);
      return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029");
    } catch (JsonProcessingException e) {
      throw new BlindspotException("The result cannot be written as JSON: " + e.getMessage(), e);
    }
  }
}
