package dev.blindspot.engine.reference;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.BackendProvider;
import dev.blindspot.engine.Probe;

/** Provider of the reference backend; always available. */
public final class ReferenceProvider implements BackendProvider {

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public Probe probe() {
    return new Probe(true, "plain Java loops in double");
  }

  @Override
  public Backend create(BackendOptions options) {
    return new ReferenceBackend(options);
  }
}
