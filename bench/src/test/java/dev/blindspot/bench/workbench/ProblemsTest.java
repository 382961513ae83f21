package dev.blindspot.bench.workbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Conv2dDesc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProblemsTest {
  @TempDir Path dir;

  private static ConvProblem conv(String text) {
    return (ConvProblem) Problems.parse("conv", text, "test");
  }

  @Test
  void convolutionsAreReadAsBenchdnnReadsThem() {
    ConvProblem p = conv("g2_mb3_ic4_ih9_iw11_oc6_oh4_kh3_kw2_sh2_sw1_ph1_pw0_dh1_n\"some name\"");
    Conv2dDesc d = p.desc();
    assertEquals("some name", p.name());
    assertEquals(
        List.of(3L, 4L, 9L, 11L), List.of(d.n(), (long) d.c(), (long) d.h(), (long) d.w()));
    assertEquals(List.of(6, 3, 2, 2, 1), List.of(d.k(), d.r(), d.s(), d.strideH(), d.strideW()));
    assertEquals(
        List.of(1, 0, 1, 0, 2),
        List.of(d.padTop(), d.padLeft(), d.padBottom(), d.padRight(), d.dilationH()));
    assertEquals(2, d.groups());
    assertEquals(4, d.p());
    // Two operations for each weight that makes an output: 3x6x4xq outputs, 2x3x2 weights each.
    assertEquals(2.0 * 3 * 6 * 4 * d.q() * 2 * 3 * 2, p.operations());
    Conv2dDesc square = conv("ic3ih8oc4kh3").desc();
    assertEquals(
        List.of(2, 8, 3, 1, 1),
        List.of((int) square.n(), square.w(), square.s(), square.strideW(), square.groups()));
  }

  @ParameterizedTest
  @CsvSource({
    "ic3ih8oc4kh3oh7, field 'oh' is 7",
    "ic3ih8oc4kh3kh3, field 'kh' stands twice",
    "ic3ih8oc4kx3, there is no field 'kx'",
    "ic3ih8oc4, field 'kh' is missing",
    "ic0ih8oc4kh3, field 'ic' is 0",
    "ic3ih8oc4kh99, larger than the padded input",
    "ic3ih8oc4kh3g2, groups 2 must divide",
    "ic99999999999ih8oc4kh3, field 'ic': 99999999999",
    "ic3ih8oc4kh3dh1dw2, field 'dw'",
    "ic3 ih8, ' ih8' is neither",
    "'', it has no field"
  })
  void malformedConvolutionsNameTheField(String text, String part) {
    String m = assertThrows(InvalidInputException.class, () -> conv(text)).getMessage();
    assertTrue(m.contains(part) && m.contains("(test)"), m);
  }

  @ParameterizedTest
  @CsvSource({
    "matmul, 3x4:5x6, inner sizes",
    "matmul, 3x4, '1 tensors, not 2'",
    "matmul, 3xa:4x5, is not like",
    "matmul, 3x99999999999999999999:4x5, field '3x9",
    "pool, ic3ih8kh3kw2, must equal",
    "relu, 3x, is not like",
    "softmax, 3x4:5, '2 tensors, not 1'"
  })
  void malformedShapesOfOthersNameTheField(String driver, String text, String part) {
    String m =
        assertThrows(InvalidInputException.class, () -> Problems.parse(driver, text, "test"))
            .getMessage();
    assertTrue(m.contains(part.replace("'", "")) || m.contains(part), m);
  }

  @Test
  void filesNameTheLine() throws IOException {
    Path file = dir.resolve("shapes");
    Files.writeString(file, "# a comment\n\nic3ih8oc4kh3\nic3ih8oc4kq3\n");
    String m =
        assertThrows(
                InvalidInputException.class,
                () -> Problems.read("conv", List.of(), file.toString()))
            .getMessage();
    assertTrue(m.contains("(line 4 of " + file + ")"), m);
    Files.writeString(file, "# a comment\n\nic3ih8oc4kh3\n");
    assertEquals(2, Problems.read("conv", List.of("ic1ih2oc3kh1"), file.toString()).size());
    assertThrows(
        InvalidInputException.class, () -> Problems.read("conv", List.of(), "no-such-file"));
  }

  @Test
  void theProgramsListsAreGood() {
    for (String list : Problems.LISTS) {
      String[] part = list.split("-", 2);
      assertTrue(Problems.read(part[0], List.of(), part[1]).size() >= 4, list);
    }
  }

  @Test
  void errorsAreNormwise() {
    Errors e = Errors.between(new double[] {3, 4.5}, new double[] {3, 4});
    assertEquals(0.125, e.max());
    assertEquals(0.1, e.norm(), 1e-15);
  }
}
