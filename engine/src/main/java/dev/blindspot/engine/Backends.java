package dev.blindspot.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** Finds backends by name. */
public final class Backends {
  private Backends() {}

  /** All providers on the class path; nothing is probed, which may load large libraries. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> all = new ArrayList<>();
    ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader()).forEach(all::add);
    return all;
  }

  /** All providers on the class path with what their probe says. */
  public static Map<BackendProvider, Probe> available() {
    Map<BackendProvider, Probe> found = new LinkedHashMap<>();
    providers().forEach(p -> found.put(p, p.probe()));
    return found;
  }

  /** The backend {@code name} with default options. */
  public static Backend create(String name) {
    return create(name, BackendOptions.defaults());
  }

  /**
   * The backend {@code name}.
   *
   * @throws InvalidInputException if there is no such backend or it cannot be used here, with the
   *     reason
   */
  public static Backend create(String name, BackendOptions options) {
    List<String> names = new ArrayList<>();
    for (BackendProvider p : providers()) {
      if (p.name().equals(name)) {
        Probe probe = p.probe();
        if (!probe.available()) {
          throw new InvalidInputException(
              "Backend " + name + " is not available: " + probe.reason());
        }
        return p.create(options);
      }
      names.add(p.name());
    }
    throw new InvalidInputException("Backend " + name + " is not known; there are " + names);
  }
}
