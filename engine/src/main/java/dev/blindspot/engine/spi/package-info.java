/** What a backend implements behind tensors and plans; no user needs it. */
package dev.blindspot.engine.spi;
