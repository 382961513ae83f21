package dev.blindspot.bench.peer;

import dev.blindspot.bench.report.Json;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.UnsupportedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** The peer's side: answers requests until its input ends. Waiting for one it sleeps. */
public final class PeerServer {
  /** Both sides have the same, or one was built before the other changed. */
  static final String PROTOCOL = "blindspot-peer-1";

  private static final int CHUNK = 1 << 16;

  private final PeerDriver driver;
  private List<PeerVariant> prepared = List.of();

  private PeerServer(PeerDriver driver) {
    this.driver = driver;
  }

  /** Serves one parent. */
  public static void serve(PeerDriver driver, InputStream in, PrintStream out) {
    PeerServer server = new PeerServer(driver);
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      out.println(Json.line(PeerReply.ready(driver.describe())));
      out.flush();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        out.println(Json.line(server.answer(line)));
        out.flush();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      server.release();
    }
  }

  private PeerReply answer(String line) {
    try {
      PeerRequest r = Json.parse(line, PeerRequest.class);
      return switch (r.op()) {
        case PeerRequest.PREPARE -> prepare(r.problem());
        case PeerRequest.TIME -> PeerReply.micros(micros(variant(r), r.count()));
        case PeerRequest.RESULT -> write(variant(r).result(), Path.of(r.file()));
        default -> PeerReply.error("there is no request '" + r.op() + "'");
      };
    } catch (UnsupportedException e) {
      return PeerReply.unsupported(e.getMessage());
    } catch (RuntimeException | IOException e) {
      // The library's own errors are of any type; the parent says which problem it was.
      return PeerReply.error(e.toString());
    }
  }

  private PeerReply prepare(PeerProblem problem) {
    release();
    prepared = driver.prepare(problem);
    return PeerReply.variants(prepared.stream().map(PeerVariant::name).toList());
  }

  private PeerVariant variant(PeerRequest r) {
    if (r.variant() < 0 || r.variant() >= prepared.size()) {
      throw new BlindspotException("variant " + r.variant() + " is not prepared");
    }
    return prepared.get(r.variant());
  }

  private static double micros(PeerVariant variant, int count) {
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      variant.run();
    }
    return (System.nanoTime() - start) / 1e3 / count;
  }

  private static PeerReply write(float[] values, Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int i = 0; i < values.length; i += CHUNK) {
        int n = Math.min(CHUNK, values.length - i);
        bytes.clear();
        bytes.asFloatBuffer().put(values, i, n);
        bytes.limit(4 * n);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    }
    return PeerReply.done();
  }

  private void release() {
    prepared.forEach(PeerVariant::close);
    prepared = List.of();
  }
}
