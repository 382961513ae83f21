package dev.blindspot.bench.peer;

import dev.blindspot.engine.UnsupportedException;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A peer's process without a library: doubles the random numbers that it is to draw. */
public final class FakePeer implements PeerDriver {
  private FakePeer() {}

  /** Serves; with "dies" or "mute" it behaves badly. */
  public static void main(String[] args) throws InterruptedException {
    switch (args[0]) {
      case "dies" -> throw new IllegalStateException("no library here");
      case "mute" -> Thread.sleep(60_000);
      case "old" -> System.out.println("{\"protocol\": \"blindspot-peer-0\"}");
      default -> PeerServer.serve(new FakePeer(), System.in, System.out);
    }
  }

  /** How a test starts it. */
  static List<String> command(String behaviour) {
    return List.of(
        System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
        "-cp",
        System.getProperty("java.class.path"),
        FakePeer.class.getName(),
        behaviour);
  }

  /** A peer of fake processes with these settings. */
  public static Peer open(List<Map<String, String>> environments) {
    return Peer.open(
        "fake", environments.stream().map(e -> new PeerSettings(command("good"), e)).toList());
  }

  @Override
  public String describe() {
    System.out.println("a library prints what it likes");
    return "fake 1";
  }

  @Override
  public List<PeerVariant> prepare(PeerProblem p) {
    if (p.driver().equals("softmax")) {
      throw new UnsupportedException("fake has no softmax");
    }
    return List.of(new Fake("ordinary", p, 2), new Fake("other", p, 3));
  }

  private record Fake(String name, PeerProblem problem, int factor) implements PeerVariant {
    @Override
    public void run() {
      if (problem.driver().equals("tanh")) {
        throw new IllegalStateException("tanh broke");
      }
      if (problem.driver().equals("restless")) {
        new Thread(this::work).start();
      }
    }

    /** Goes on after the execution, as threads that spin do; then leaves a file. */
    private void work() {
      long x = problem.get("n");
      for (int i = 0; i < 200_000_000; i++) {
        x = x * 6364136223846793005L + 1442695040888963407L;
      }
      try {
        Files.writeString(Path.of(System.getenv("REST_FILE")), Long.toString(x));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public float[] result() {
      float[] values = RandomData.uniform(0, problem.get("n") * problem.get("length"));
      for (int i = 0; i < values.length; i++) {
        values[i] = problem.driver().equals("relu") ? Math.max(0, values[i]) : factor * values[i];
      }
      return values;
    }

    @Override
    public void close() {}
  }
}
