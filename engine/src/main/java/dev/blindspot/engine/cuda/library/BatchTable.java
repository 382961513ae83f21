package dev.blindspot.engine.cuda.library;

import java.util.Arrays;

/**
 * What a plan prepared for each batch size that it was executed with. Finding allocates nothing and
 * takes no lock; the first execution of a size adds its entry.
 *
 * @param <V> immutable once added
 */
public final class BatchTable<V> {
  /** Prepares an entry. */
  public interface Maker<V> {
    V make(LibraryContext c, long key);
  }

  private record Entries(long[] keys, Object[] values) {}

  private final Resources resources;
  private final Maker<V> make;
  private volatile Entries entries = new Entries(new long[0], new Object[0]);

  /**
   * @param resources what the entries are made of; nothing is found once they are closed
   * @param make prepares an entry; runs once for each key, under the table's lock, and is no part
   *     of what its thread may be recording
   */
  public BatchTable(Resources resources, Maker<V> make) {
    this.resources = resources;
    this.make = make;
  }

  /** The entry of this key; c is used if it has to be prepared. */
  @SuppressWarnings("unchecked") // only add() writes values
  public V get(LibraryContext c, long key) {
    resources.checkOpen();
    Entries e = entries;
    int at = Arrays.binarySearch(e.keys, key);
    return at >= 0 ? (V) e.values[at] : add(c, key);
  }

  @SuppressWarnings({"unchecked", "try"}) // as above; relaxed acts by being open
  private synchronized V add(LibraryContext c, long key) {
    Entries old = entries;
    int at = Arrays.binarySearch(old.keys, key);
    if (at >= 0) {
      return (V) old.values[at];
    }
    V value;
    try (CaptureRelaxed relaxed = CaptureRelaxed.during(c.recording())) {
      value = make.make(c, key);
    }
    int place = -at - 1;
    int n = old.keys.length;
    long[] keys = Arrays.copyOf(old.keys, n + 1);
    Object[] values = Arrays.copyOf(old.values, n + 1);
    System.arraycopy(old.keys, place, keys, place + 1, n - place);
    System.arraycopy(old.values, place, values, place + 1, n - place);
    keys[place] = key;
    values[place] = value;
    entries = new Entries(keys, values);
    return value;
  }
}
