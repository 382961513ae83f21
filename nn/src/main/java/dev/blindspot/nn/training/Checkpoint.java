package dev.blindspot.nn.training;

import dev.blindspot.engine.InvalidInputException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

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

  /** Writes the file atomically. */
  public void write(Path file) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeInt(VERSION);
      out.writeUTF(identity);
      out.writeInt(epoch);
      out.writeLong(steps);
      out.writeInt(values.size());
      for (double[] v : values) {
        out.writeInt(v.length);
        ByteBuffer raw = ByteBuffer.allocate(8 * v.length);
        raw.asDoubleBuffer().put(v);
        out.write(raw.array());
      }
      CRC32 crc = new CRC32();
      crc.update(bytes.toByteArray());
      out.writeLong(crc.getValue());
      Files.createDirectories(file.toAbsolutePath().getParent());
      Path beside = Files.createTempFile(file.toAbsolutePath().getParent(), ".checkpoint", "");
      Files.write(beside, bytes.toByteArray());
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new InvalidInputException("cannot write the checkpoint " + file + ": " + e, e);
    }
  }

  /**
   * Reads a file.
   *
   * @throws InvalidInputException if it is damaged, of another version or of another training,
   *     naming the field
   */
  public static Checkpoint read(Path file, String expectedIdentity) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      if (bytes.length < 16) {
        throw damaged(file, "length", "only " + bytes.length + " bytes");
      }
      CRC32 crc = new CRC32();
      crc.update(bytes, 0, bytes.length - 8);
      if (ByteBuffer.wrap(bytes).getInt() != MAGIC) {
        throw damaged(file, "magic", "not a checkpoint");
      }
      if (ByteBuffer.wrap(bytes, bytes.length - 8, 8).getLong() != crc.getValue()) {
        throw damaged(file, "checksum", "the content was changed or cut off");
      }
      return parse(file, bytes, expectedIdentity);
    } catch (IOException e) {
      throw new InvalidInputException("cannot read the checkpoint " + file + ": " + e, e);
    }
  }

  private static Checkpoint parse(Path file, byte[] bytes, String expected) throws IOException {
    try (DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(bytes, 4, bytes.length))) {
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
      for (int i = 0; i < count; i++) {
        int length = in.readInt();
        if (length < 0 || 8L * length > in.available()) {
          throw damaged(file, "length of tensor " + i, Integer.toString(length));
        }
        double[] v = new double[length];
        ByteBuffer.wrap(in.readNBytes(8 * length)).asDoubleBuffer().get(v);
        values.add(v);
      }
      return new Checkpoint(identity, epoch, steps, values);
    }
  }

  private static InvalidInputException damaged(Path file, String field, String why) {
    return new InvalidInputException(
        "checkpoint " + file + ": " + field + ": " + why + ". Delete it to train afresh");
  }
}
