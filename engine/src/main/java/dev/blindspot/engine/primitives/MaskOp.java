package dev.blindspot.engine.primitives;

/** Logic on U8 masks; any byte but 0 counts as true, results are 0 or 1. */
public enum MaskOp {
  AND,
  OR,
  /** a and not b. */
  AND_NOT,
  /** not a; reads no b. */
  NOT
}
