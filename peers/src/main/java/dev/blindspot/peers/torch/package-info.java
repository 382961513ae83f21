/**
 * libtorch: its functions as a user calls them, without autograd where one gradient is asked for.
 */
package dev.blindspot.peers.torch;
