import java.io.BufferedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Copies jars, leaves out what the bundle does not need of the natives, and stores the rest
 * uncompressed, in the order of names and with fixed times: an outer xz compresses that best, and
 * the same input gives the same bytes. Use: java Repack.java OUT_DIR CUDA_BINDINGS JAR...;
 * CUDA_BINDINGS names the presets that are kept, separated by commas.
 */
public class Repack {
  private static final Pattern CUDA =
      Pattern.compile("org/bytedeco/cuda/linux-x86_64/libjni(\\w+)\\.so");

  /** What our own code opens; the preset's bindings are not used. */
  private static final Pattern OPENBLAS =
      Pattern.compile("org/bytedeco/openblas/linux-x86_64/lib(openblas|gfortran|quadmath|gcc_s)\\.so.*");

  public static void main(String[] args) throws Exception {
    List<String> bindings = List.of(args[1].split(","));
    for (int i = 2; i < args.length; i++) {
      repack(Path.of(args[i]), Path.of(args[0]), bindings);
    }
  }

  private static void repack(Path jar, Path folder, List<String> bindings) throws Exception {
    Path copy = folder.resolve(jar.getFileName());
    try (ZipFile in = new ZipFile(jar.toFile());
        ZipOutputStream out =
            new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(copy)))) {
      out.setMethod(ZipOutputStream.STORED);
      Comparator<ZipEntry> manifestFirst =
          Comparator.comparing(e -> !e.getName().equals("META-INF/MANIFEST.MF"));
      List<? extends ZipEntry> entries =
          in.stream()
              .filter(e -> !e.isDirectory() && wanted(e.getName(), bindings))
              .sorted(manifestFirst.thenComparing(ZipEntry::getName))
              .collect(Collectors.toList());
      for (ZipEntry e : entries) {
        byte[] bytes = in.getInputStream(e).readAllBytes();
        CRC32 sum = new CRC32();
        sum.update(bytes);
        ZipEntry stored = new ZipEntry(e.getName());
        stored.setSize(bytes.length);
        stored.setCompressedSize(bytes.length);
        stored.setCrc(sum.getValue());
        stored.setTimeLocal(LocalDateTime.of(2020, 1, 1, 0, 0));
        out.putNextEntry(stored);
        out.write(bytes);
        out.closeEntry();
      }
    }
  }

  private static boolean wanted(String name, List<String> bindings) {
    Matcher cuda = CUDA.matcher(name);
    if (cuda.matches()) {
      return bindings.contains(cuda.group(1));
    }
    if (name.startsWith("org/bytedeco/openblas/linux-x86_64/")) {
      return OPENBLAS.matcher(name).matches();
    }
    boolean signature = name.matches("META-INF/[^/]+\\.(SF|RSA|DSA|EC)"); // no longer matches
    return !signature
        && !name.matches(".*\\.(h|hpp|a|cmake)")
        && !name.matches("META-INF/native-image/.*");
  }
}
