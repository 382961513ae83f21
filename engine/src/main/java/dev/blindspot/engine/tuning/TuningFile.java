package dev.blindspot.engine.tuning;

import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The file of measured choices: a text whose first line is {@value #HEADER}, then a line for each
 * choice with machine, question, answer and the times (name, seconds, name, seconds, ...), all
 * separated by tabs; the last line says how many there are.
 */
public final class TuningFile {
  private static final String HEADER = "blindspot tuning 1";
  private static final String END = "end ";
  private static final long MOST_BYTES = 64L << 20;

  /** Threads of this process; a file's lock is the whole process's. */
  private static final Object WRITING = new Object();

  private TuningFile() {}

  /** Whether a file that exists begins as ours do; others are never overwritten. */
  public static boolean isOurs(Path file) {
    byte[] header = HEADER.getBytes(StandardCharsets.UTF_8);
    try (var in = Files.newInputStream(file)) {
      return Arrays.equals(header, in.readNBytes(header.length));
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * All choices, none if there is no file.
   *
   * @throws InvalidInputException naming file and line if it is no file of ours or damaged
   */
  public static List<TuningChoice> read(Path file) {
    if (!Files.exists(file)) {
      return List.of();
    }
    List<String> lines;
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES) {
        throw new InvalidInputException(
            "Tuning file " + file + " is no file, or larger than " + MOST_BYTES + " bytes");
      }
      lines = Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      throw new InvalidInputException("Tuning file " + file + " is no text in UTF-8", e);
    } catch (IOException e) {
      throw new InvalidInputException("Tuning file " + file + " cannot be read: " + e, e);
    }
    if (lines.isEmpty() || !lines.get(0).equals(HEADER)) {
      throw new InvalidInputException(
          "Tuning file " + file + ": its first line is not '" + HEADER + "'");
    }
    int last = lines.size() - 1;
    if (!lines.get(last).equals(END + (last - 1))) {
      throw new InvalidInputException(
          "Tuning file " + file + ": its last line is not '" + END + (last - 1) + "'; damaged");
    }
    List<TuningChoice> choices = new ArrayList<>();
    for (int i = 1; i < last; i++) {
      try {
        choices.add(choice(lines.get(i)));
      } catch (InvalidInputException | NumberFormatException e) {
        throw new InvalidInputException(
            "Tuning file " + file + ", line " + (i + 1) + ": " + e.getMessage(), e);
      }
    }
    return choices;
  }

  private static TuningChoice choice(String line) {
    String[] fields = line.split("\t", -1);
    if (fields.length < 3 || fields.length % 2 == 0) {
      throw new InvalidInputException(fields.length + " fields");
    }
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (int i = 3; i < fields.length; i += 2) {
      seconds.put(fields[i], Double.valueOf(fields[i + 1]));
    }
    return new TuningChoice(fields[0], fields[1], fields[2], seconds);
  }

  private static String line(TuningChoice c) {
    StringJoiner line = new StringJoiner("\t");
    line.add(c.machine()).add(c.question()).add(c.answer());
    c.seconds().forEach((name, s) -> line.add(name).add(s.toString()));
    return line.toString();
  }

  /**
   * Adds choices to the file, in the place of those to the same question on the same machine. Safe
   * between threads and processes. What is damaged is replaced.
   *
   * @throws InvalidInputException if the file is not ours
   * @throws IOException if it cannot be written
   */
  public static void add(Path file, Collection<TuningChoice> fresh) throws IOException {
    Path whole = file.toAbsolutePath();
    Files.createDirectories(whole.getParent());
    synchronized (WRITING) {
      try (FileChannel channel =
              FileChannel.open(
                  whole.resolveSibling(whole.getFileName() + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        replace(whole, fresh, lock);
      }
    }
  }

  /**
   * @param lock held meanwhile
   */
  private static void replace(Path file, Collection<TuningChoice> fresh, FileLock lock)
      throws IOException {
    if (Files.exists(file) && !isOurs(file)) {
      throw new InvalidInputException(
          file + " is no tuning file and is not overwritten; name another one");
    }
    Map<List<String>, TuningChoice> all = new LinkedHashMap<>();
    for (TuningChoice c : readable(file)) {
      all.put(List.of(c.machine(), c.question()), c);
    }
    fresh.forEach(c -> all.put(List.of(c.machine(), c.question()), c));
    StringJoiner text = new StringJoiner("\n", "", "\n").add(HEADER);
    all.values().forEach(c -> text.add(line(c)));
    text.add(END + all.size());
    if (lock.isValid()) {
      AtomicFile.write(file, out -> out.write(text.toString().getBytes(StandardCharsets.UTF_8)));
    }
  }

  /** What is there, or nothing if it is damaged, which readers have reported. */
  private static List<TuningChoice> readable(Path file) {
    try {
      return read(file);
    } catch (InvalidInputException e) {
      System.getLogger("dev.blindspot.engine")
          .log(System.Logger.Level.WARNING, "{0}; it is replaced", e.getMessage());
      return List.of();
    }
  }
}
