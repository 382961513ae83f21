package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.Distortion;
import dev.blindspot.attacks.StopReason;
import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Norm;
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
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/** An attack's findings in a file that ends in a checksum and appears whole or not at all. */
final class AttackFile {
  private static final int MAGIC = 0x42534146; // "BSAF"
  private static final int VERSION = 1;

  private AttackFile() {}

  static void write(Path file, String identity, AttackResult result) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      AtomicFile.write(file.toAbsolutePath(), out -> write(out, identity, result));
    } catch (IOException e) {
      throw new BlindspotException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static void write(OutputStream stream, String identity, AttackResult r)
      throws IOException {
    CheckedOutputStream checked = new CheckedOutputStream(stream, new CRC32());
    DataOutputStream out = new DataOutputStream(checked);
    out.writeInt(MAGIC);
    out.writeInt(VERSION);
    out.writeUTF(identity);
    out.writeUTF(r.attack());
    out.writeInt(r.samples().size());
    for (AttackResult.Sample s : r.samples()) {
      out.writeInt(s.label());
      out.writeInt(s.target());
      out.writeInt(s.adversarialLabel());
      out.writeBoolean(s.success());
      out.writeDouble(s.kappa());
      out.writeLong(s.distortion().l0());
      out.writeDouble(s.distortion().l1());
      out.writeDouble(s.distortion().l2());
      out.writeDouble(s.distortion().linf());
      out.writeDouble(s.distortion().rms());
      out.writeLong(s.evaluations());
      out.writeUTF(s.stop().name());
    }
    ByteBuffer values = ByteBuffer.allocate(4 * r.adversarials().length);
    values.asFloatBuffer().put(r.adversarials());
    out.write(values.array());
    out.writeLong(checked.getChecksum().getValue());
    out.flush();
  }

  /**
   * Reads the findings.
   *
   * @param identity that the file must have
   * @param shape of one sample
   * @param count samples that it must have
   * @throws dev.blindspot.engine.InvalidInputException if it is damaged or another attack's
   */
  static AttackResult read(
      Path file, String identity, Shape shape, int count, Norm norm, long seed) {
    try {
      verify(file);
      try (DataInputStream in =
          new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
        if (in.readInt() != MAGIC || in.readInt() != VERSION) {
          throw Kept.damaged(file, "it is not a file of this version of the program");
        }
        String found = in.readUTF();
        if (!found.equals(identity)) {
          throw Kept.damaged(file, "it belongs to other work (" + found + ")");
        }
        String attack = in.readUTF();
        int n = in.readInt();
        if (n != count) {
          throw Kept.damaged(file, "it has " + n + " samples, not " + count);
        }
        List<AttackResult.Sample> samples = new ArrayList<>();
        for (int i = 0; i < n; i++) {
          samples.add(sample(in));
        }
        float[] x = new float[Math.toIntExact(n * shape.size())];
        ByteBuffer.wrap(in.readNBytes(4 * x.length)).asFloatBuffer().get(x);
        boolean targeted = samples.get(0).target() >= 0;
        return new AttackResult(attack, norm, targeted, seed, shape, x, List.copyOf(samples));
      }
    } catch (IOException | RuntimeException e) {
      if (e instanceof dev.blindspot.engine.InvalidInputException known) {
        throw known;
      }
      throw Kept.damaged(file, e.toString());
    }
  }

  private static AttackResult.Sample sample(DataInputStream in) throws IOException {
    return new AttackResult.Sample(
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readBoolean(),
        in.readDouble(),
        new Distortion(
            in.readLong(), in.readDouble(), in.readDouble(), in.readDouble(), in.readDouble()),
        in.readLong(),
        StopReason.valueOf(in.readUTF()));
  }

  /** Nothing is taken from a file whose checksum is wrong. */
  private static void verify(Path file) throws IOException {
    long length = Files.size(file);
    try (CheckedInputStream checked =
            new CheckedInputStream(
                new BufferedInputStream(Files.newInputStream(file)), new CRC32());
        DataInputStream in = new DataInputStream(checked)) {
      byte[] part = new byte[1 << 16];
      for (long left = length - 8; left > 0; ) {
        int got = in.readNBytes(part, 0, (int) Math.min(part.length, left));
        if (got == 0) {
          break;
        }
        left -= got;
      }
      long sum = checked.getChecksum().getValue();
      if (length < 8 || in.readLong() != sum) {
        throw Kept.damaged(file, "its checksum is wrong: it was changed or cut off");
      }
    }
  }
}
