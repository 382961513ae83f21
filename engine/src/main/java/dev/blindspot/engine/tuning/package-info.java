/** Choices made by measurement, as they are kept between processes. Nothing here is mutable. */
package dev.blindspot.engine.tuning;
