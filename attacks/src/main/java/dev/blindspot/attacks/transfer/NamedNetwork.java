package dev.blindspot.attacks.transfer;

import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;

/**
 * One network of a comparison. Owns nothing.
 *
 * @param name for reports and errors, unique in the comparison
 * @param network its largest output is its label
 * @param parameters F32; only read
 */
public record NamedNetwork(String name, Network network, Parameters parameters) {}
