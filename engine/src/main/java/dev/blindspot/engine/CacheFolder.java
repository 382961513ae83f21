package dev.blindspot.engine;

import java.nio.file.Path;

/**
 * The one folder for what can be made or fetched again: {@code BLINDSPOT_CACHE}, else the user's
 * cache folder ({@code XDG_CACHE_HOME}, else ~/.cache) with "blindspot" below.
 */
public final class CacheFolder {
  private CacheFolder() {}

  /** The folder; it may not exist yet. */
  public static Path root() {
    String own = System.getenv("BLINDSPOT_CACHE");
    if (own != null && !own.isBlank()) {
      return Path.of(own);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path user =
        xdg != null && !xdg.isBlank()
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home"), ".cache");
    return user.resolve("blindspot");
  }
}
