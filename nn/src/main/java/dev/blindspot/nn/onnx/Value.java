package dev.blindspot.nn.onnx;

/** What a name in an ONNX graph stands for while it is read. */
sealed interface Value permits Constant, Data, Pending {}
