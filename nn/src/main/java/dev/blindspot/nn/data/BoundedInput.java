package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;

/**
 * A data file read from front to back, gzipped or not (told by its first bytes). Knows how many
 * bytes can be left, so that a size a file declares is checked before anything is allocated, and
 * turns every failure into an error that names the file and the byte.
 */
final class BoundedInput implements AutoCloseable {
  /** DEFLATE cannot expand by more than this (RFC 1951: 258 bytes from 2 bits). */
  private static final long MAX_DEFLATE_RATIO = 1032;

  private final Path file;
  private final InputStream in;
  private final MessageDigest digest = DataSet.sha256();
  private final boolean zipped;
  private final long limit;
  private long position;

  /**
   * @throws InvalidInputException if the file is missing, unreadable, or a broken gzip file
   */
  BoundedInput(Path file) {
    this.file = file;
    if (!Files.isRegularFile(file)) {
      throw new InvalidInputException(file + ": no such file");
    }
    InputStream raw = null;
    try {
      long length = Files.size(file);
      raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
      raw.mark(2);
      zipped = raw.read() == 0x1f && raw.read() == 0x8b;
      raw.reset();
      limit = zipped ? Math.multiplyExact(length, MAX_DEFLATE_RATIO) : length;
      in = new DigestInputStream(zipped ? new GZIPInputStream(raw, 1 << 16) : raw, digest);
    } catch (IOException e) {
      closeQuietly(raw, e);
      throw new InvalidInputException(file + ": byte 0: cannot be read: " + e.getMessage(), e);
    }
  }

  /** Fails if the file cannot hold {@code bytes} more from here; {@code what} declared them. */
  void requireLeft(long bytes, String what) {
    if (bytes > limit - position) {
      throw new InvalidInputException(
          file
              + ": byte "
              + position
              + ": "
              + what
              + " needs "
              + bytes
              + " bytes more, the file "
              + (zipped ? "cannot hold more than " : "has ")
              + (limit - position));
    }
  }

  /** The next {@code count} bytes; memory grows only with what is really there. */
  byte[] read(int count, String what) {
    requireLeft(count, what);
    byte[] b;
    try {
      b = in.readNBytes(count);
    } catch (IOException e) {
      throw new InvalidInputException(
          file + ": byte " + position + ": " + what + " cannot be read: " + e.getMessage(), e);
    }
    if (b.length < count) {
      throw new InvalidInputException(
          file
              + ": truncated at byte "
              + (position + b.length)
              + ": "
              + what
              + " needs "
              + count
              + " bytes from byte "
              + position);
    }
    position += count;
    return b;
  }

  /** The next big-endian 32-bit integer. */
  int readInt(String what) {
    byte[] b = read(4, what);
    return (b[0] & 0xff) << 24 | (b[1] & 0xff) << 16 | (b[2] & 0xff) << 8 | b[3] & 0xff;
  }

  /** Fails unless the file ends here; checks gzip's checksum. */
  void requireEnd() {
    try {
      if (in.read() >= 0) {
        throw new InvalidInputException(
            file + ": byte " + position + ": the file goes on after its declared end");
      }
    } catch (IOException e) {
      throw new InvalidInputException(
          file + ": byte " + position + ": bad end of file: " + e.getMessage(), e);
    }
  }

  /** Reads on to the end, which must come within {@code most} bytes. */
  void skipToEnd(long most) {
    byte[] buffer = new byte[1 << 16];
    try {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        position += n;
        if (position > most) {
          throw new InvalidInputException(file + ": more than " + most + " bytes");
        }
      }
    } catch (IOException e) {
      throw new InvalidInputException(
          file + ": byte " + position + ": cannot be read: " + e.getMessage(), e);
    }
  }

  long position() {
    return position;
  }

  /** SHA-256 (hex) of the uncompressed bytes; call once, at the end. */
  String checksum() {
    return HexFormat.of().formatHex(digest.digest());
  }

  Path file() {
    return file;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new InvalidInputException(file + ": cannot be closed: " + e.getMessage(), e);
    }
  }

  private static void closeQuietly(InputStream raw, IOException cause) {
    if (raw != null) {
      try {
        raw.close();
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }
}
