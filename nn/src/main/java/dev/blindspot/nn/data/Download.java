package dev.blindspot.nn.data;

import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Fetches a file from the first mirror that has it with the right content. It is written beside its
 * place under a name of its own and renamed when verified, so a killed download leaves no half file
 * and two processes do not disturb each other.
 */
final class Download {
  private static final long MAX_BYTES = 256L << 20;
  private static final long PATIENCE_SECONDS = 600;

  private final List<URI> mirrors;
  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(Duration.ofSeconds(20))
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();

  /** Mirrors are addresses of folders and end with a slash. */
  Download(List<URI> mirrors) {
    this.mirrors = List.copyOf(mirrors);
  }

  /**
   * Makes sure that {@code folder/name} is there.
   *
   * @param sha256 of the uncompressed content, in hex
   */
  void fetch(String name, Path folder, String sha256) {
    Path file = folder.resolve(name);
    if (Files.isRegularFile(file)) {
      return;
    }
    StringBuilder reasons = new StringBuilder();
    for (URI mirror : mirrors) {
      String reason = tryMirror(mirror.resolve(name), file, sha256);
      if (reason.isEmpty()) {
        return;
      }
      reasons.append("; ").append(mirror).append(": ").append(reason);
    }
    throw new BlindspotException(
        "download of "
            + name
            + " failed"
            + reasons
            + "; put the file into a folder and name that folder (--data-dir)");
  }

  /** Downloads, verifies, renames; returns "" or why not. */
  private String tryMirror(URI address, Path file, String sha256) {
    Path part = AtomicFile.beside(file);
    try {
      Files.createDirectories(file.getParent());
      HttpResponse<InputStream> response =
          client.send(
              HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(60)).build(),
              HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream body = response.body()) {
        if (response.statusCode() != 200) {
          return "HTTP status " + response.statusCode();
        }
        save(body, part);
      }
      String found = checksum(part);
      if (!found.equals(sha256)) {
        return "SHA-256 of the uncompressed content is " + found + ", not " + sha256;
      }
      AtomicFile.replace(part, file);
      return "";
    } catch (IOException | InvalidInputException e) {
      return e.getClass().getSimpleName() + ": " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BlindspotException("download of " + address + " was interrupted", e);
    } finally {
      delete(part);
    }
  }

  private static void save(InputStream body, Path part) throws IOException {
    // A request's timeout ends with the headers; this one ends a body that stalls.
    CompletableFuture<Void> watchdog =
        CompletableFuture.runAsync(
            () -> close(body),
            CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS));
    try (OutputStream out = Files.newOutputStream(part)) {
      byte[] buffer = new byte[1 << 16];
      long total = 0;
      for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
        total += n;
        if (total > MAX_BYTES) {
          throw new IOException("more than " + MAX_BYTES + " bytes");
        }
        out.write(buffer, 0, n);
      }
    } finally {
      watchdog.cancel(false);
    }
  }

  private static String checksum(Path file) {
    try (BoundedInput in = new BoundedInput(file)) {
      in.skipToEnd(MAX_BYTES);
      return in.checksum();
    }
  }

  private static void close(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      throw new BlindspotException("a stalled download cannot be closed", e);
    }
  }

  private static void delete(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException e) {
      throw new BlindspotException(part + ": cannot be deleted: " + e.getMessage(), e);
    }
  }
}
