package dev.blindspot.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MnistDownloadTest {
  private static final byte[] CONTENT = Idx.labels(3, 1, 4, 1, 5);
  @TempDir Path dir;
  private HttpServer server;
  private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          asked.add(path);
          byte[] body = new byte[0];
          int status = 404;
          if (path.startsWith("/bad/")) {
            body = Idx.gzip(Idx.labels(9));
            status = 200;
          } else if (path.startsWith("/garbage/")) {
            body = "<html>not here</html>".getBytes();
            status = 200;
          } else if (path.startsWith("/good/")) {
            body = Idx.gzip(CONTENT);
            status = 200;
          }
          exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
          if (path.startsWith("/cut/")) {
            exchange.close();
          }
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    ((java.util.concurrent.ExecutorService) server.getExecutor()).shutdownNow();
  }

  private List<URI> mirrors(String... names) {
    List<URI> list = new ArrayList<>();
    for (String n : names) {
      list.add(URI.create("http://localhost:" + server.getAddress().getPort() + "/" + n + "/"));
    }
    return list;
  }

  private static Map<String, String> checksums() {
    return Map.of("labels", HexFormat.of().formatHex(DataSet.sha256().digest(CONTENT)));
  }

  private List<String> files() throws IOException {
    try (Stream<Path> s = Files.list(dir)) {
      return s.map(p -> p.getFileName().toString()).toList();
    }
  }

  @Test
  void takesTheFirstMirrorWithTheRightContent() throws IOException {
    Mnist.fetch(dir, mirrors("bad", "absent", "good"), checksums());
    assertEquals(
        List.of("/bad/labels.gz", "/absent/labels.gz", "/good/labels.gz"), List.copyOf(asked));
    assertEquals(List.of("labels.gz"), files());
    assertArrayEquals(
        new int[] {3, 1, 4, 1, 5}, IdxReader.readLabels(dir.resolve("labels.gz")).values());
    Mnist.fetch(dir, mirrors("good"), checksums());
    assertEquals(3, asked.size(), "what is there is not fetched again");
  }

  @Test
  void saysWhyEachMirrorFailed() throws IOException {
    BlindspotException e =
        assertThrows(
            BlindspotException.class,
            () -> Mnist.fetch(dir, mirrors("bad", "garbage", "absent"), checksums()));
    assertTrue(e.getMessage().contains("/bad/: SHA-256"), e.getMessage());
    assertTrue(e.getMessage().contains("/absent/: HTTP status 404"), e.getMessage());
    assertTrue(e.getMessage().contains("--data-dir"), e.getMessage());
    assertEquals(List.of(), files(), "nothing is left behind");
  }

  @Test
  void anUnreachableMirrorIsPassedOver() throws IOException {
    List<URI> list = new ArrayList<>();
    try (java.net.ServerSocket free = new java.net.ServerSocket(0)) {
      list.add(URI.create("http://localhost:" + free.getLocalPort() + "/"));
    }
    list.addAll(mirrors("good"));
    Mnist.fetch(dir, list, checksums());
    assertEquals(List.of("labels.gz"), files());
  }

  @Test
  void twoAtOnceBothSucceed() throws IOException {
    List<CompletableFuture<Void>> both = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      both.add(CompletableFuture.runAsync(() -> Mnist.fetch(dir, mirrors("good"), checksums())));
    }
    both.forEach(CompletableFuture::join);
    assertEquals(List.of("labels.gz"), files());
  }

  @Test
  void aHalfFileOfAKilledDownloadDoesNoHarm() throws IOException {
    Files.write(dir.resolve("labels.gz.123.part"), new byte[] {1});
    Mnist.fetch(dir, mirrors("good"), checksums());
    assertTrue(files().contains("labels.gz"));
  }

  @Test
  void mirrorsAreParsed() {
    assertEquals(
        List.of(URI.create("http://a/b/"), URI.create("https://c/")),
        Mnist.parseMirrors(" http://a/b , https://c/ "));
    assertThrows(InvalidInputException.class, () -> Mnist.parseMirrors("ftp://a"));
    assertThrows(InvalidInputException.class, () -> Mnist.parseMirrors("http://a b"));
  }

  @Test
  void otherContentIsNotMnist() throws IOException {
    Files.write(dir.resolve(IdxReader.TRAIN_IMAGES), Idx.images(1, 28, 28));
    Files.write(dir.resolve(IdxReader.TRAIN_LABELS), Idx.labels(1));
    String missing = ReaderTest.message(() -> Mnist.load(dir));
    assertTrue(
        missing.contains("[t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte] are not in " + dir),
        missing);
    Files.write(dir.resolve(IdxReader.TEST_IMAGES), Idx.images(1, 28, 28));
    Files.write(dir.resolve(IdxReader.TEST_LABELS), Idx.labels(1));
    String m = ReaderTest.message(() -> Mnist.load(dir));
    assertTrue(m.contains("not MNIST's train-images-idx3-ubyte: SHA-256"), m);
    assertFalse(m.isEmpty());
  }
}
