package dev.blindspot.engine.cuda;

import dev.blindspot.engine.BlindspotException;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What plans hold of the libraries. It is closed with its plan; what a forgotten plan held is
 * closed by the thread that makes a later plan, never by the collector's.
 */
final class CudaResources {
  private final ReferenceQueue<Object> forgotten = new ReferenceQueue<>();
  private final Set<Owned> open = ConcurrentHashMap.newKeySet();

  private final class Owned extends PhantomReference<Object> implements AutoCloseable {
    private final AutoCloseable resources;

    Owned(Object owner, AutoCloseable resources) {
      super(owner, forgotten);
      this.resources = resources;
    }

    @Override
    public void close() {
      if (open.remove(this)) {
        clear();
        try {
          resources.close();
        } catch (RuntimeException e) {
          throw e;
        } catch (Exception e) {
          throw new BlindspotException("cuda: a plan's resources cannot be closed: " + e, e);
        }
      }
    }
  }

  /** Closes {@code resources}, which must not refer to the owner, with the result or later. */
  AutoCloseable own(Object owner, AutoCloseable resources) {
    Owned owned = new Owned(owner, resources);
    open.add(owned);
    return owned;
  }

  /** Closes what forgotten plans held. */
  void closeForgotten() {
    for (Reference<?> r = forgotten.poll(); r != null; r = forgotten.poll()) {
      ((Owned) r).close();
    }
  }

  /** Closes everything. */
  void closeAll() {
    open.forEach(Owned::close);
  }
}
