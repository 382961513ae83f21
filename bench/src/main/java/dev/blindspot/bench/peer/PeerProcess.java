package dev.blindspot.bench.peer;

import dev.blindspot.bench.report.Json;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.UnsupportedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One process of a peer. Whoever waits here for an answer sleeps. */
final class PeerProcess implements AutoCloseable {
  private static final int TAIL = 5;

  private final Process process;
  private final String config;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Deque<String> complaints = new ArrayDeque<>();
  private final ProcessThreads threads;
  private final Path result;
  private final long patience;
  private final String peer;

  /**
   * Starts it and waits for its first line.
   *
   * @param environment added to this process's
   * @param seconds that an answer may take
   * @throws BlindspotException with its last words if it ends or is of another version
   */
  PeerProcess(List<String> command, Map<String, String> environment, String config, long seconds) {
    this.config = config;
    this.patience = seconds;
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    try {
      result = Files.createTempFile("blindspot-peer", ".bin");
      process = builder.start();
      threads = new ProcessThreads(process.pid());
    } catch (IOException e) {
      throw new BlindspotException("The peer cannot be started: " + e.getMessage(), e);
    }
    drain(process.getInputStream(), line -> lines.add(line));
    drain(process.getErrorStream(), this::complain);
    try {
      PeerReply ready = read();
      if (!PeerServer.PROTOCOL.equals(ready.protocol())) {
        throw new BlindspotException(
            "The peer speaks "
                + ready.protocol()
                + ", not "
                + PeerServer.PROTOCOL
                + "; build it again");
      }
      peer = ready.peer();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private interface Heard {
    void line(String text);
  }

  private static void drain(InputStream in, Heard heard) {
    Thread t =
        new Thread(
            () -> {
              try (BufferedReader r =
                  new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                for (String s = r.readLine(); s != null; s = r.readLine()) {
                  heard.line(s);
                }
              } catch (IOException e) {
                heard.line("its output broke off: " + e.getMessage());
              }
            },
            "blindspot-peer");
    t.setDaemon(true);
    t.start();
  }

  private void complain(String line) {
    synchronized (complaints) {
      complaints.add(line);
      if (complaints.size() > TAIL) {
        complaints.remove();
      }
    }
  }

  /** Name and version. */
  String peer() {
    return peer;
  }

  /** The settings it was started with. */
  String config() {
    return config;
  }

  /** Names of the problem's variants. */
  List<String> prepare(PeerProblem problem) {
    return ask(PeerRequest.prepare(problem)).variants();
  }

  /** Microseconds of one execution in a series. */
  double micros(int variant, int count) {
    return ask(PeerRequest.time(variant, count)).micros();
  }

  /** The result of one execution. */
  double[] result(int variant) {
    ask(PeerRequest.result(variant, result.toString()));
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(result)).order(ByteOrder.LITTLE_ENDIAN);
      double[] values = new double[bytes.remaining() / 4];
      for (int i = 0; i < values.length; i++) {
        values[i] = bytes.getFloat();
      }
      return values;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until its threads sleep: they would take processors from whoever is measured next. */
  void awaitSleep() {
    try {
      threads.awaitSleep();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BlindspotException("Interrupted while the peer's threads fell asleep", e);
    }
  }

  private PeerReply ask(PeerRequest request) {
    try {
      process.getOutputStream().write((Json.line(request) + "\n").getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    } catch (IOException e) {
      throw new BlindspotException("The peer has ended" + lastWords(), e);
    }
    return read();
  }

  /** The next line that is an answer: libraries print lines of their own. */
  private PeerReply read() {
    try {
      for (; ; ) {
        String line = next();
        if (line.startsWith("{")) {
          PeerReply reply = Json.parse(line, PeerReply.class);
          if (reply.unsupported() != null) {
            throw new UnsupportedException(reply.unsupported());
          }
          if (reply.error() != null) {
            throw new BlindspotException("The peer " + peer + " failed: " + reply.error());
          }
          return reply;
        }
        complain(line);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BlindspotException("Interrupted while the peer computed", e);
    }
  }

  private String next() throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(patience);
    while (System.nanoTime() < end) {
      String line = lines.poll(100, TimeUnit.MILLISECONDS);
      if (line != null) {
        return line;
      }
      if (!process.isAlive() && lines.isEmpty()) {
        line = lines.poll(100, TimeUnit.MILLISECONDS);
        if (line != null) {
          return line;
        }
        throw new BlindspotException(
            "The peer ended with code " + process.exitValue() + lastWords());
      }
    }
    throw new BlindspotException("The peer did not answer in " + patience + " s" + lastWords());
  }

  private String lastWords() {
    synchronized (complaints) {
      return complaints.isEmpty() ? "" : "; its last words: " + String.join(" / ", complaints);
    }
  }

  /** Ends the process: it ends by itself with its input, or is killed. */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      Files.deleteIfExists(result);
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
