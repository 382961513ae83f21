/** ONNX Runtime as a peer: models of one node with constant weights; forward only. */
package dev.blindspot.peers.onnxruntime;
