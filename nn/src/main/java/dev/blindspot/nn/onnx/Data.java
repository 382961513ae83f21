package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;

/**
 * A tensor that depends on the graph's input.
 *
 * @param node the network's node that gives it, or Network.INPUT
 * @param sample its shape for one sample
 */
record Data(String node, Shape sample) implements Value {}
