package dev.blindspot.nn.training;

import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.InvalidInputException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;

/**
 * A training's state in a file: what it is a state of, how far it is, and all numbers as doubles
 * (which hold F32 exactly). The file ends in a checksum; it is written beside and renamed, so a
 * kill leaves the old one or the new one.
 *
 * @param identity network, data, recipe and seed; another training's checkpoint is refused
 * @param epoch epochs done
 * @param steps steps done
 * @param values parameters, then optimiser state
 */
public record Checkpoint(String identity, int epoch, long steps, List<double[]> values) {
  private static final int MAGIC = 0x42535043; // "BSPC"
  private static final int VERSION = 1;

  /** Bytes that are read or written at once. */
  private static final int PART = 1 << 16;

  /**
   * Writes the file beside its place and renames it.
   *
   * @throws InvalidInputException if the folder cannot be made or written
   */
  public void write(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      AtomicFile.write(file.toAbsolutePath(), this::writeTo);
    } catch (IOException e) {
      throw new InvalidInputException("cannot write the checkpoint " + file + ": " + e, e);
    }
  }

  private void writeTo(OutputStream stream) throws IOException {
    CheckedOutputStream checked = new CheckedOutputStream(stream, new CRC32());
    DataOutputStream out = new DataOutputStream(checked);
    out.writeInt(MAGIC);
    out.writeInt(VERSION);
    out.writeUTF(identity);
    out.writeInt(epoch);
    out.writeLong(steps);
    out.writeInt(values.size());
    ByteBuffer part = ByteBuffer.allocate(PART);
    for (double[] v : values) {
      out.writeInt(v.length);
      for (int at = 0; at < v.length; at += PART / 8) {
        int count = Math.min(PART / 8, v.length - at);
        part.asDoubleBuffer().put(v, at, count);
        out.write(part.array(), 0, 8 * count);
      }
    }
    out.writeLong(checked.getChecksum().getValue());
    out.flush();
  }

  /**
   * Reads a file.
   *
   * @throws DamagedCheckpointException if it is damaged, of another version or of another training,
   *     naming the field
   * @throws InvalidInputException if it cannot be read
   */
  public static Checkpoint read(Path file, String expectedIdentity) {
    try {
      long length = Files.size(file);
      if (length < 16) {
        throw damaged(file, "length", "only " + length + " bytes");
      }
      verify(file, length);
      try (DataInputStream in =
          new DataInputStream(new BufferedInputStream(Files.newInputStream(file), PART))) {
        return parse(file, in, length, expectedIdentity);
      }
    } catch (IOException e) {
      throw new InvalidInputException("cannot read the checkpoint " + file + ": " + e, e);
    }
  }

  /** Nothing is taken from a file whose checksum is wrong. */
  private static void verify(Path file, long length) throws IOException {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file), PART))) {
      CRC32 crc = new CRC32();
      byte[] magic = in.readNBytes(4);
      if (ByteBuffer.wrap(magic).getInt() != MAGIC) {
        throw damaged(file, "magic", "not a checkpoint");
      }
      crc.update(magic);
      byte[] part = new byte[PART];
      for (long left = length - 12; left > 0; ) {
        int count = in.readNBytes(part, 0, (int) Math.min(PART, left));
        if (count == 0) {
          break;
        }
        crc.update(part, 0, count);
        left -= count;
      }
      if (in.readLong() != crc.getValue()) {
        throw damaged(file, "checksum", "the content was changed or cut off");
      }
    }
  }

  private static Checkpoint parse(Path file, DataInputStream in, long length, String expected)
      throws IOException {
    in.readInt();
    int version = in.readInt();
    if (version != VERSION) {
      throw damaged(file, "version", version + ", this program reads " + VERSION);
    }
    String identity = in.readUTF();
    if (!identity.equals(expected)) {
      throw damaged(file, "identity", "it belongs to another training: " + identity);
    }
    int epoch = in.readInt();
    long steps = in.readLong();
    int count = in.readInt();
    List<double[]> values = new ArrayList<>();
    long left = length;
    byte[] part = new byte[PART];
    for (int i = 0; i < count; i++) {
      int size = in.readInt();
      left -= 8L * size;
      if (size < 0 || left < 0) {
        throw damaged(file, "length of tensor " + i, Integer.toString(size));
      }
      double[] v = new double[size];
      for (int at = 0; at < size; at += PART / 8) {
        int some = Math.min(PART / 8, size - at);
        in.readFully(part, 0, 8 * some);
        ByteBuffer.wrap(part).asDoubleBuffer().get(v, at, some);
      }
      values.add(v);
    }
    return new Checkpoint(identity, epoch, steps, values);
  }

  private static DamagedCheckpointException damaged(Path file, String field, String why) {
    return new DamagedCheckpointException(
        "checkpoint " + file + ": " + field + ": " + why + ". Delete it to train afresh");
  }
}
