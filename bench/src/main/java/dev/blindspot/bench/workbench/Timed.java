package dev.blindspot.bench.workbench;

/** Something that is executed in series. */
interface Timed {

  /** Microseconds of one execution in a series of so many. */
  double micros(int count);
}
