package dev.blindspot.nn.data;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.GZIPOutputStream;

/** Makes IDX files for tests. */
final class Idx {
  private Idx() {}

  static byte[] images(int n, int h, int w) {
    byte[] body = new byte[n * h * w];
    for (int i = 0; i < body.length; i++) {
      body[i] = (byte) (i * 37);
    }
    return file(0x803, body, n, h, w);
  }

  static byte[] labels(int... labels) {
    byte[] body = new byte[labels.length];
    for (int i = 0; i < body.length; i++) {
      body[i] = (byte) labels[i];
    }
    return file(0x801, body, labels.length);
  }

  static byte[] file(int magic, byte[] body, int... dims) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(magic);
      for (int d : dims) {
        out.writeInt(d);
      }
      out.write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static byte[] gzip(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
