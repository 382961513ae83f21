package dev.blindspot.bench.reproduce;

/** Shows how far long work is. */
public interface Tasks {

  /** One piece of work; closed when it is done. */
  interface Task extends AutoCloseable {
    /**
     * So much is done.
     *
     * @param detail shown behind, may be empty
     */
    void update(long done, String detail);

    @Override
    void close();
  }

  /** Work of so many units begins. */
  Task start(String name, String unit, long total);

  /** A line for the user. */
  void say(String line);
}
