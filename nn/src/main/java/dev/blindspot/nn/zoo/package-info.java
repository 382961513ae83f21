/**
 * Networks by name, each with the recipe that trains it, and a cache of trained ones. Everything
 * here is immutable; the cache is safe with several processes.
 */
package dev.blindspot.nn.zoo;
