package dev.blindspot.engine.cuda.library;

import java.lang.ref.WeakReference;
import java.util.Arrays;

/**
 * A {@link BatchTable} for each context, of things that threads must not share. Finding allocates
 * nothing and takes no lock.
 */
public final class ContextTable<V> {
  private record Entry<V>(WeakReference<LibraryContext> context, BatchTable<V> table) {}

  private final Resources resources;
  private final BatchTable.Maker<V> make;
  private volatile Entry<V>[] entries = entries(0);

  /**
   * @param resources what the entries are made of
   * @param make prepares an entry for the context that will use it
   */
  public ContextTable(Resources resources, BatchTable.Maker<V> make) {
    this.resources = resources;
    this.make = make;
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of generic records cannot be made otherwise
  private static <V> Entry<V>[] entries(int n) {
    return (Entry<V>[]) new Entry[n];
  }

  /** The entry of this context and key, prepared if it is new. */
  public V get(LibraryContext c, long key) {
    for (Entry<V> e : entries) {
      if (e.context.refersTo(c)) {
        return e.table.get(c, key);
      }
    }
    return add(c).get(c, key);
  }

  /** Only the context's own thread asks for it, so it cannot have been added meanwhile. */
  private synchronized BatchTable<V> add(LibraryContext c) {
    BatchTable<V> table = new BatchTable<>(resources, make);
    int n = entries.length;
    Entry<V>[] more = Arrays.copyOf(entries, n + 1);
    more[n] = new Entry<>(new WeakReference<>(c), table);
    entries = more;
    return table;
  }
}
