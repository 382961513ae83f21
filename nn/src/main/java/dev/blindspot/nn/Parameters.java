package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * The mutable part of a network: its parameters' values on a backend. Owns their memory. Changed by
 * one thread at a time, while no plan that reads them runs.
 */
public final class Parameters implements AutoCloseable {

  /**
   * Names a parameter.
   *
   * @param node the layer's name in the network
   * @param name the parameter's name in the layer
   */
  public record Key(String node, String name) {

    /** As a record's, but not linked at its first use: every start of a program has one. */
    @Override
    public boolean equals(Object other) {
      return other instanceof Key k && Objects.equals(node, k.node) && Objects.equals(name, k.name);
    }

    @Override
    public int hashCode() {
      return 31 * Objects.hashCode(node) + Objects.hashCode(name);
    }

    @Override
    public String toString() {
      return node + "." + name;
    }
  }

  private final Backend backend;
  private final ElementType type;
  private final TensorArena arena;
  private final Map<Key, Tensor> tensors = new LinkedHashMap<>();
  private final Map<Key, ParameterSpec> specs = new LinkedHashMap<>();

  private Parameters(Network network, Backend backend, ElementType type) {
    this.backend = backend;
    this.type = type;
    long bytes = 64;
    for (Network.Node n : network.nodes()) {
      for (ParameterSpec p : n.parameters()) {
        bytes += TensorArena.bytes(type, p.shape().size());
      }
    }
    arena = backend.arena(bytes);
    for (Network.Node n : network.nodes()) {
      for (ParameterSpec p : n.parameters()) {
        Key key = new Key(n.name(), p.name());
        tensors.put(key, arena.tensor(type, p.shape(), Layout.NCHW));
        specs.put(key, p);
      }
    }
  }

  /** Fresh values: each parameter drawn by its initialiser from the seed and its own name. */
  public static Parameters initialize(
      Network network, Backend backend, ElementType type, long seed) {
    Parameters p = new Parameters(network, backend, type);
    p.specs.forEach(
        (key, spec) -> {
          long mixed = seed * 0x9E3779B97F4A7C15L + key.toString().hashCode();
          p.set(key, spec.initializer().draw(spec.shape(), new SplittableRandom(mixed)));
        });
    return p;
  }

  /** Without values: each parameter must be set before it is read. */
  public static Parameters unset(Network network, Backend backend, ElementType type) {
    return new Parameters(network, backend, type);
  }

  /** The same values on another backend or in another type. */
  public Parameters copyTo(Network network, Backend target, ElementType targetType) {
    Parameters p = new Parameters(network, target, targetType);
    p.specs.keySet().forEach(key -> p.set(key, values(key)));
    return p;
  }

  /** Where they live. */
  public Backend backend() {
    return backend;
  }

  /** F32 or F64. */
  public ElementType type() {
    return type;
  }

  /** All parameters in the network's order. */
  public Map<Key, ParameterSpec> specs() {
    return java.util.Collections.unmodifiableMap(specs);
  }

  /** The tensor of a parameter. */
  public Tensor get(String node, String name) {
    return get(new Key(node, name));
  }

  /** The tensor of a parameter. */
  public Tensor get(Key key) {
    Tensor t = tensors.get(key);
    if (t == null) {
      throw new InvalidInputException("No parameter " + key + "; there are " + tensors.keySet());
    }
    return t;
  }

  /** A copy of a parameter's values. */
  public double[] values(Key key) {
    Tensor t = get(key);
    if (type == ElementType.F64) {
      return t.toDoubles();
    }
    float[] f = t.toFloats();
    double[] d = new double[f.length];
    for (int i = 0; i < f.length; i++) {
      d[i] = f[i];
    }
    return d;
  }

  /** Sets a parameter's values, rounded to the element type. */
  public void set(Key key, double[] values) {
    Tensor t = get(key);
    if (type == ElementType.F64) {
      t.copyFrom(values);
      return;
    }
    float[] f = new float[values.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) values[i];
    }
    t.copyFrom(f);
  }

  /** Sets the values of a parameter of element type F32. */
  public void set(Key key, float[] values) {
    get(key).copyFrom(values);
  }

  @Override
  public void close() {
    arena.close();
  }
}
