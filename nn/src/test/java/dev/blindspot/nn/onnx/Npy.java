package dev.blindspot.nn.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads NumPy files of little-endian float64 in C order (NEP 1, version 1.0). */
final class Npy {
  private Npy() {}

  static double[] read(Path file) throws IOException {
    ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[6];
    b.get(magic);
    short version = b.getShort();
    byte[] header = new byte[b.getShort() & 0xffff];
    b.get(header);
    String text = new String(header, StandardCharsets.US_ASCII);
    if (magic[0] != (byte) 0x93
        || version != 1
        || !text.contains("'descr': '<f8'")
        || !text.contains("'fortran_order': False")) {
      throw new IOException(file + ": not a plain float64 file: " + text);
    }
    double[] v = new double[b.remaining() / 8];
    b.asDoubleBuffer().get(v);
    return v;
  }
}
