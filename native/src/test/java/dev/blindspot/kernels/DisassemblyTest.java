package dev.blindspot.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.kernels.InstructionCheck.Level;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Disassembles the library that was built: wide registers and new instructions stay in the files of
 * their level, so that it runs on every x86-64 processor. The linker's map says which object file
 * each address came from.
 */
class DisassemblyTest {
  private static final Path BUILD =
      Path.of(System.getProperty("basedir", "."), "target", "native").toAbsolutePath();
  private static final Path LIBRARY =
      BUILD.resolveSibling("classes/dev/blindspot/kernels/linux-x86_64/libjniblindspot.so");

  /** " .text.part 0xaddress 0xsize file", with a line break behind long names. */
  private static final Pattern SECTION =
      Pattern.compile("^ (\\.\\S+)\\s+0x([0-9a-f]+)\\s+0x([0-9a-f]+) (\\S.*)$", Pattern.MULTILINE);

  private static final Pattern INSTRUCTION =
      Pattern.compile("^ *([0-9a-f]+):\\t(?:\\{\\w+} )?(\\S+) *(.*)$");

  @BeforeEach
  void onlyWhereTheLibraryIsBuilt() {
    String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    require(platform.equals("Linux amd64"), "no native library is built on " + platform);
  }

  @Test
  void wideInstructionsStayInTheirFiles() throws Exception {
    requireTool("objdump");
    TreeMap<Long, Level> starts = levelsByAddress();
    List<String> wrong = new ArrayList<>();
    Map<Level, Integer> seen = new EnumMap<>(Level.class);
    Map<Level, Integer> wide = new EnumMap<>(Level.class);
    String function = "?";
    Process objdump = start("objdump", "-d", "--no-show-raw-insn", LIBRARY.toString());
    try (BufferedReader lines = objdump.inputReader(StandardCharsets.UTF_8)) {
      for (String line; (line = lines.readLine()) != null; ) {
        Matcher m = INSTRUCTION.matcher(line);
        if (!m.matches()) {
          function = line.endsWith(">:") ? line : function;
          continue;
        }
        Level level = starts.floorEntry(Long.parseLong(m.group(1), 16)).getValue();
        seen.merge(level, 1, Integer::sum);
        wide.merge(level, m.group(3).matches(".*%[yz]mm.*") ? 1 : 0, Integer::sum);
        String refusal = InstructionCheck.refusal(level, m.group(2), m.group(3));
        if (!refusal.isEmpty()) {
          wrong.add(refusal + " in " + level + " code: " + line.strip() + " in " + function);
        }
      }
    }
    assertEquals(0, objdump.waitFor());
    assertEquals(List.of(), wrong.subList(0, Math.min(20, wrong.size())), wrong.size() + " wrong");
    System.out.println("Instructions: " + seen + "; with a ymm or zmm register: " + wide);
    for (Level level : List.of(Level.BASELINE, Level.AVX2, Level.AVX512)) {
      assertTrue(seen.get(level) > 10_000, "too few instructions to be true: " + seen);
    }
    assertTrue(wide.get(Level.AVX2) > 1000 && wide.get(Level.AVX512) > 1000, "" + wide);
  }

  /**
   * An object file of one level shows nothing to the linker but its table, so no other file can
   * take its copy of a function; and it calls nothing but our own functions and memory's: no
   * mathematical function, no STL.
   */
  @Test
  void levelsShareNoFunction() throws Exception {
    requireTool("nm");
    List<Path> objects;
    try (Stream<Path> files = Files.list(BUILD)) {
      objects = files.filter(f -> level(f.toString()) != null).sorted().toList();
    }
    assertTrue(objects.size() > 30, "too few objects: " + objects);
    List<String> wrong = new ArrayList<>();
    for (Path object : objects) {
      Process nm = start("nm", "--extern-only", "--format=posix", object.toString());
      try (BufferedReader lines = nm.inputReader(StandardCharsets.UTF_8)) {
        for (String line; (line = lines.readLine()) != null; ) {
          String[] symbol = line.split(" ");
          if (!allowed(symbol[0], symbol[1])) {
            wrong.add(object.getFileName() + ": " + line);
          }
        }
      }
      assertEquals(0, nm.waitFor());
    }
    assertEquals(List.of(), wrong);
  }

  /** The checks can fail. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "BASELINE; vmovups; (%rax),%ymm0; a ymm register",
        "BASELINE; vaddss; %xmm1,%xmm0,%xmm0; an AVX instruction",
        "BASELINE; vzeroupper; ''; an AVX instruction",
        "BASELINE; shlx; %rax,%rbx,%rcx; an instruction newer than baseline x86-64",
        "BASELINE; popcntq; %rax,%rbx; an instruction newer than baseline x86-64",
        "BASELINE; movups; (%rax),%xmm15; ''",
        "BASELINE; verw; (%rax); ''",
        "AVX2; vaddps; %zmm1,%zmm0,%zmm0; a zmm register",
        "AVX2; vaddps; %xmm16,%xmm0,%xmm0; an AVX-512 register",
        "AVX2; kmovw; %k1,%eax; an AVX-512 register",
        "AVX2; vaddps; %ymm15,%ymm0,%ymm0; ''",
        "AVX512; vaddps; %zmm31,%zmm0,%zmm0{%k1}; ''",
        "AVX512; tileloadd; (%rax,%rbx,1),%tmm0; an AMX instruction",
        "AVX512; ldtilecfg; (%rax); an AMX instruction",
        "AMX; tdpbf16ps; %tmm2,%tmm1,%tmm0; ''"
      })
  void refusesWhatALevelMustNotHold(
      Level level, String mnemonic, String operands, String expected) {
    assertEquals(expected, InstructionCheck.refusal(level, mnemonic, operands));
  }

  private static boolean allowed(String name, String type) {
    if (type.equals("U")) {
      return name.matches("bs_(parallel|parallel_ranges|threads|workspace|blas)")
          || name.matches("mem(cpy|move|set)|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_");
    }
    return name.matches("bs_(scalar|avx2|avx512|amx)_\\w+") && type.matches("[RD]");
  }

  /** Where each level's code begins, BASELINE between them. */
  private static TreeMap<Long, Level> levelsByAddress() throws IOException {
    String map = Files.readString(BUILD.resolve("libjniblindspot.map"));
    Matcher m = SECTION.matcher(map);
    TreeMap<Long, Level> starts = new TreeMap<>(Map.of(0L, Level.BASELINE));
    // What comes before is what the linker left out.
    m.region(map.indexOf("Linker script and memory map"), map.length());
    while (m.find()) {
      Level level = level(m.group(4));
      long from = Long.parseLong(m.group(2), 16);
      long size = Long.parseLong(m.group(3), 16);
      if (m.group(1).startsWith(".text") && level != null && size > 0) {
        starts.put(from, level);
        starts.putIfAbsent(from + size, Level.BASELINE);
      }
    }
    return starts;
  }

  /** The level of an object file's name; null for those that are common. */
  private static Level level(String object) {
    return object.endsWith(".scalar.o")
        ? Level.BASELINE
        : object.endsWith(".avx2.o")
            ? Level.AVX2
            : object.endsWith(".avx512.o")
                ? Level.AVX512
                : object.endsWith(".amx.o") ? Level.AMX : null;
  }

  private static void requireTool(String tool) throws InterruptedException {
    try {
      Process p = start(tool, "--version");
      p.inputReader().lines().forEach(line -> {});
      p.waitFor();
    } catch (IOException e) {
      require(false, tool + " cannot be run (" + e.getMessage() + "); install binutils");
    }
  }

  private static void require(boolean condition, String reason) {
    if (!condition) {
      System.out.println("SKIPPED disassembly of the native library: " + reason);
      Assumptions.abort(reason);
    }
  }

  private static Process start(String... command) throws IOException {
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
