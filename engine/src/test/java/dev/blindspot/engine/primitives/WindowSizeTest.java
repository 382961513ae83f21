package dev.blindspot.engine.primitives;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import org.junit.jupiter.api.Test;

/** Sizes of windows near the ends of their range. */
class WindowSizeTest {
  private static final int MOST = Integer.MAX_VALUE;

  @Test
  void largestInputsAreCountedRight() {
    assertEquals(MOST, Conv2dDesc.of(F32, 1, 1, MOST, 1).filters(1, 1, 1).p());
    assertEquals(MOST - 1, Conv2dDesc.of(F32, 1, 1, 1, MOST).filters(1, 1, 2).q());
    assertEquals(MOST, Pool2dDesc.of(Pooling.MAX, F32, 1, 1, MOST, MOST, 1, 1).p());
    assertEquals(1, Pool2dDesc.of(Pooling.MAX, F32, 1, 1, MOST, MOST, MOST, 1).q());
  }

  @Test
  void paddingBeyondTheRangeIsRefused() {
    Conv2dDesc conv = Conv2dDesc.of(F32, 1, 1, MOST, 1).filters(1, 1, 1);
    Exception e = assertThrows(InvalidInputException.class, () -> conv.pad(1));
    assertTrue(e.getMessage().contains("2^31"), e.getMessage());
    assertThrows(InvalidInputException.class, () -> conv.pad(0, MOST, 0, MOST));
    Pool2dDesc pool = Pool2dDesc.of(Pooling.MAX, F32, 1, 1, MOST, MOST, 2, 1);
    assertThrows(InvalidInputException.class, () -> pool.pad(1));
  }

  @Test
  void windowsBeyondTheInputAreRefused() {
    Conv2dDesc conv = Conv2dDesc.of(F32, 1, 1, 4, 4);
    assertThrows(InvalidInputException.class, () -> conv.filters(1, 5, 1));
    assertThrows(InvalidInputException.class, () -> conv.filters(1, MOST, 1).dilation(MOST));
    assertThrows(
        InvalidInputException.class, () -> Pool2dDesc.of(Pooling.MAX, F32, 1, 1, 4, 4, 5, 1));
  }
}
