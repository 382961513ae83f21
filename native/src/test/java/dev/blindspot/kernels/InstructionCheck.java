package dev.blindspot.kernels;

import java.util.regex.Pattern;

/** Which machine instructions a level may hold. */
final class InstructionCheck {
  /** Where an instruction of the library comes from. */
  enum Level {
    /** Everything that runs on any x86-64 processor: the scalar kernels and all that is common. */
    BASELINE,
    /** Kernels for AVX2 and FMA. */
    AVX2,
    /** Kernels for AVX-512. */
    AVX512,
    /** Kernels for AVX-512 and AMX; not there if the compiler has no AMX. */
    AMX
  }

  private static final Pattern YMM = Pattern.compile("%ymm");
  private static final Pattern ZMM = Pattern.compile("%zmm");

  /** What only the EVEX encoding has: mask registers, vector registers 16 to 31. */
  private static final Pattern EVEX = Pattern.compile("%k[0-7]|%[xyz]mm(1[6-9]|2[0-9]|3[01])");

  private static final Pattern TILES = Pattern.compile("(ld|st)tilecfg|tile.*");

  /** Bit manipulation in the VEX encoding or newer than the baseline. */
  private static final Pattern BITS =
      Pattern.compile(
          "andn|bextr|blsi|blsmsk|blsr|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|popcnt|lzcnt");

  private InstructionCheck() {}

  /** Empty if the level may hold the instruction, else what is wrong with it. */
  static String refusal(Level level, String mnemonic, String operands) {
    if (level == Level.AMX) {
      return "";
    }
    if (operands.contains("%tmm") || TILES.matcher(mnemonic).matches()) {
      return "an AMX instruction";
    }
    if (level == Level.AVX512) {
      return "";
    }
    if (ZMM.matcher(operands).find()) {
      return "a zmm register";
    }
    if (EVEX.matcher(operands).find()) {
      return "an AVX-512 register";
    }
    if (level == Level.AVX2) {
      return "";
    }
    if (YMM.matcher(operands).find()) {
      return "a ymm register";
    }
    if (mnemonic.startsWith("v") && !mnemonic.startsWith("ver")) { // verr, verw: not of vectors
      return "an AVX instruction";
    }
    String base = mnemonic.replaceFirst("[lqw]$", "");
    return BITS.matcher(mnemonic).matches() || BITS.matcher(base).matches()
        ? "an instruction newer than baseline x86-64"
        : "";
  }
}
