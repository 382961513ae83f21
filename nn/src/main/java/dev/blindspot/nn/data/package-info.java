/**
 * Labelled images: readers of file formats, a generator of synthetic digits, and a registry of data
 * sets by name.
 *
 * <p>A {@link dev.blindspot.nn.data.DataSet} is immutable, lives on the Java heap as bytes (one
 * byte a value) and may be shared between threads; subsets share its memory. Readers compare every
 * size that a file declares with the file's real length before they allocate.
 */
package dev.blindspot.nn.data;
