/**
 * Networks from and to ONNX files. Reading trusts nothing in the file: sizes are compared with the
 * data before memory is taken, and what is malformed or not supported is named. Stateless; may be
 * used from any thread.
 */
package dev.blindspot.nn.onnx;
