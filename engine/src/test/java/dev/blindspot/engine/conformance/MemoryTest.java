package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Arenas and tensors of both backends: sizes, limits, views, use after close. */
class MemoryTest {

  private static void assertMessage(Exception e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#names")
  void fullArenasSaySizes(String name) {
    try (Backend backend = Backends.create(name);
        TensorArena arena = backend.arena(1024)) {
      arena.tensor(F32, 200);
      assertEquals(832, arena.used());
      assertMessage(
          assertThrows(AllocationException.class, () -> arena.tensor(F64, 5, 5)),
          "F64[5,5]",
          "needs 256 bytes",
          "used are 832 of 1024");
      arena.tensor(F32, 48);
      assertEquals(1024, arena.used());
      assertThrows(AllocationException.class, () -> arena.tensor(U8, 1));
      assertEquals(0, arena.tensor(U8, 0).size());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#names")
  void badSizesAreRefused(String name) {
    try (Backend backend = Backends.create(name)) {
      assertThrows(InvalidInputException.class, () -> backend.arena(0));
      assertThrows(InvalidInputException.class, () -> backend.arena(-1));
      assertThrows(InvalidInputException.class, () -> backend.arena(Long.MIN_VALUE));
      try (TensorArena arena = backend.arena(64)) {
        assertThrows(InvalidInputException.class, () -> arena.tensor(F32, 2, -1));
        assertThrows(InvalidInputException.class, () -> arena.tensor(F32, 1L << 32, 1L << 32));
        assertThrows(InvalidInputException.class, () -> arena.tensor(F64, Long.MAX_VALUE / 4));
        assertThrows(AllocationException.class, () -> arena.tensor(F64, Long.MAX_VALUE / 16));
        assertThrows(InvalidInputException.class, () -> arena.tensor(F32, Shape.of(1), Layout.ANY));
        assertEquals(0, arena.used());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#names")
  void memoryLimitCountsAllArenas(String name) {
    BackendOptions limited = BackendOptions.defaults().threads(1).memoryLimit(10_000);
    try (Backend backend = Backends.create(name, limited)) {
      for (int i = 0; i < 2; i++) { // what was closed may be taken again
        try (TensorArena first = backend.arena(6400)) {
          assertEquals(6400, first.capacity());
          assertMessage(
              assertThrows(AllocationException.class, () -> backend.arena(6400)),
              "6400 bytes",
              "10000",
              "blindspot.memory");
          assertThrows(AllocationException.class, () -> backend.arena(Long.MAX_VALUE - 100));
          backend.arena(3200).close();
        }
      }
    }
  }

  /** More than any machine has: refused, and the count stays right. */
  @ParameterizedTest
  @ValueSource(strings = {"cpu"})
  void refusedMemoryIsNotCounted(String name) {
    try (Backend backend = Backends.create(name)) {
      assertMessage(
          assertThrows(AllocationException.class, () -> backend.arena(1L << 55)),
          Long.toString(1L << 55),
          "arenas hold 0 bytes");
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#names")
  void viewsShareMemoryInsideTheirBounds(String name) {
    try (Backend backend = Backends.create(name);
        TensorArena arena = backend.arena(1024)) {
      Tensor x =
          arena.tensor(F32, 4, 3).copyFrom(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
      Tensor middle = x.slice(1, 3);
      assertArrayEquals(new float[] {3, 4, 5, 6, 7, 8}, middle.toFloats());
      assertArrayEquals(new float[] {6, 7, 8}, middle.slice(1, 2).toFloats());
      middle.copyFrom(new float[6]);
      assertArrayEquals(new float[] {0, 1, 2, 0, 0, 0, 0, 0, 0, 9, 10, 11}, x.toFloats());
      assertArrayEquals(x.toFloats(), x.reshape(2, 6).toFloats());
      assertEquals(0, x.slice(4, 4).size());
      for (long[] bad : new long[][] {{-1, 2}, {0, 5}, {3, 2}, {5, 5}}) {
        assertMessage(
            assertThrows(InvalidInputException.class, () -> x.slice(bad[0], bad[1])),
            "slice " + bad[0] + ".." + bad[1],
            "[4,3]");
      }
      assertThrows(InvalidInputException.class, () -> x.reshape(5, 2));
      assertThrows(InvalidInputException.class, () -> arena.tensor(F32).slice(0, 1));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#names")
  void copiesOfWrongLengthOrTypeAreRefused(String name) {
    try (Backend backend = Backends.create(name);
        TensorArena arena = backend.arena(1024)) {
      float[] before = {1, 2, 3, 4, 5, 6};
      Tensor x = arena.tensor(F32, 2, 3).copyFrom(before);
      assertMessage(
          assertThrows(InvalidInputException.class, () -> x.copyFrom(new float[5])),
          "5 F32",
          "F32[2,3]");
      assertThrows(InvalidInputException.class, () -> x.copyFrom(new float[7]));
      assertThrows(InvalidInputException.class, () -> x.copyFrom(new double[6]));
      assertThrows(InvalidInputException.class, () -> x.copyFrom(new int[6]));
      assertThrows(InvalidInputException.class, () -> x.copyFrom(new byte[6]));
      assertThrows(InvalidInputException.class, () -> x.copyFrom(ByteBuffer.allocate(23)));
      assertThrows(InvalidInputException.class, () -> x.copyTo(new float[5]));
      assertThrows(InvalidInputException.class, () -> x.copyTo(ByteBuffer.allocate(25)));
      assertThrows(InvalidInputException.class, x::toInts);
      assertArrayEquals(before, x.toFloats());
      ByteBuffer bytes = ByteBuffer.allocateDirect(24);
      x.copyTo(bytes);
      arena.tensor(F32, 6).copyFrom(bytes.flip());
      arena.tensor(I32, 0).copyFrom(new int[0]);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#names")
  void useAfterCloseNamesWhatAndWhere(String name) {
    try (Backend backend = Backends.create(name);
        var ctx = backend.newContext();
        TensorArena open = backend.arena(1024)) {
      TensorArena arena = backend.arena(1024);
      Tensor x = arena.tensor(F32, 2, 3);
      Tensor y = open.tensor(F32, 2, 3).copyFrom(new float[6]);
      Tensor z = open.tensor(F32, 2, 3);
      var linear = backend.plan(LinearDesc.of(F32, 2, 3, 3), PlanOptions.forward());
      Tensor w = open.tensor(F32, 3, 3).copyFrom(new float[9]);
      PackedWeights p = linear.pack(ctx, w);
      p.close();
      p.close();
      arena.close();
      arena.close();
      var relu = backend.plan(ActivationDesc.of(Activation.RELU, F32, 2, 3));
      for (Runnable use :
          new Runnable[] {
            () -> x.copyFrom(new float[6]),
            x::toFloats,
            x.slice(0, 1)::toFloats,
            () -> x.copyTo(ByteBuffer.allocate(24)),
            () -> arena.tensor(F32, 1),
            () -> relu.forward(ctx, x, y),
            () -> relu.forward(ctx, y, x),
            () -> linear.forward(ctx, y, p, null, z),
          }) {
        Exception e = assertThrows(IllegalStateException.class, use::run);
        assertMessage(e, name, "close");
        assertTrue(
            Arrays.stream(e.getCause().getStackTrace())
                .anyMatch(f -> f.getClassName().equals(MemoryTest.class.getName())),
            "the cause is the stack of the maker");
      }
    }
  }
}
