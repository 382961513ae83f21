/**
 * The primitives: for each a {@code Desc} (an immutable record that says what is computed) and a
 * {@code Plan} (what a backend prepared for it).
 *
 * <p>Dimensions are named as in cuDNN: n batch, c channels, h w space, k filters, r s window, p q
 * output space. Tensors are owned by their arenas; plans keep none. Descs and plans are immutable
 * and may be shared between threads; an execution belongs to the thread that holds the context.
 */
package dev.blindspot.engine.primitives;
