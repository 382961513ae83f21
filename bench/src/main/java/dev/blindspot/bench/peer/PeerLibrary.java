package dev.blindspot.bench.peer;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.NearestName;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The peers known, where they are, and the settings that may be their best. */
enum PeerLibrary {
  TORCH("peers", "dev.blindspot.peers.Main"),
  ONEDNN("peers", "dev.blindspot.peers.Main"),
  ONNXRUNTIME("peers", "dev.blindspot.peers.Main"),
  ND4J("peers-nd4j", "dev.blindspot.peers.nd4j.Main");

  /** Blindspot's folder, in which the peers were built; the launcher sets it. */
  static final String HOME = "blindspot.peers";

  /** The command that brings the peers. */
  static final String BUILD = "mvn -q -Ppeers -DskipTests -pl peers,peers-nd4j -am package";

  /** GNU OpenMP's threads spin about 1 ms after their work, then sleep. */
  private static final Map<String, String> SPIN = Map.of("GOMP_SPINCOUNT", "20000");

  private static final Map<String, String> SLEEP = Map.of("OMP_WAIT_POLICY", "passive");

  /**
   * The GNU C library's malloc keeps what was freed, in huge pages: else every large result is paid
   * for in page faults.
   */
  private static final Map<String, String> MEMORY =
      Map.of(
          "GLIBC_TUNABLES",
          "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.arena_max=1"
              + ":glibc.malloc.trim_threshold=1099511627776");

  private final String module;
  private final String main;

  PeerLibrary(String module, String main) {
    this.module = module;
    this.main = main;
  }

  /** All names. */
  static List<String> names() {
    return Arrays.stream(values()).map(PeerLibrary::label).toList();
  }

  /**
   * The peer of this name.
   *
   * @throws InvalidInputException if there is none, with the nearest name
   */
  static PeerLibrary of(String name) {
    for (PeerLibrary l : values()) {
      if (l.label().equals(name.toLowerCase(Locale.ROOT))) {
        return l;
      }
    }
    throw new InvalidInputException(
        "--peer '" + name + "' is not known" + NearestName.suggestion(name, names()));
  }

  private String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Settings to try. libtorch's own and OpenBLAS's threads together collapse on few cores, so only
   * one library has more than one, or all sleep when they wait.
   *
   * @throws InvalidInputException if it is not there, with what brings it
   */
  List<PeerSettings> settings(int threads) {
    List<String> command = command(threads);
    String t = Integer.toString(threads);
    Map<String, String> one =
        plus(MEMORY, Map.of("OMP_NUM_THREADS", t, "OPENBLAS_NUM_THREADS", "1"));
    if (threads == 1) {
      return List.of(new PeerSettings(command, one));
    }
    List<PeerSettings> settings = new ArrayList<>();
    settings.add(new PeerSettings(command, plus(one, SPIN)));
    settings.add(new PeerSettings(command, plus(one, SLEEP)));
    if (this == TORCH) {
      settings.add(
          new PeerSettings(command, plus(plus(one, SLEEP), Map.of("OPENBLAS_NUM_THREADS", t))));
    }
    return settings;
  }

  private static Map<String, String> plus(Map<String, String> a, Map<String, String> b) {
    Map<String, String> all = new TreeMap<>(a);
    all.putAll(b);
    return all;
  }

  private List<String> command(int threads) {
    Path target = Path.of(System.getProperty(HOME, "."), module, "target");
    Path list = target.resolve("class-path");
    Path classes = target.resolve("classes");
    if (!Files.isRegularFile(list) || !Files.isDirectory(classes)) {
      throw new InvalidInputException(
          "--peer "
              + label()
              + " needs the peers, which the Maven profile 'peers' brings; once, in Blindspot's"
              + " folder: "
              + BUILD);
    }
    try {
      String path = classes + File.pathSeparator + Files.readString(list).strip();
      return List.of(
          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "-XX:+UseSerialGC",
          "-XX:+IgnoreUnrecognizedVMOptions",
          "--enable-native-access=ALL-UNNAMED",
          "-Dorg.bytedeco.javacpp.maxBytes=0",
          "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
          // Objects of the bindings are closed by hand: the collector need not know them.
          "-Dorg.bytedeco.javacpp.nopointergc=true",
          "-cp",
          path,
          main,
          label(),
          Integer.toString(threads));
    } catch (IOException e) {
      throw new InvalidInputException("--peer: " + list + " cannot be read: " + e.getMessage(), e);
    }
  }
}
