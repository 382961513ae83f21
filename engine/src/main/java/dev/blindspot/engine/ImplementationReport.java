package dev.blindspot.engine;

/**
 * One line of a backend's implementation list for a desc.
 *
 * @param name the implementation
 * @param reasonWhyNot empty if it supports the desc
 */
public record ImplementationReport(String name, String reasonWhyNot) {

  public boolean supported() {
    return reasonWhyNot.isEmpty();
  }
}
