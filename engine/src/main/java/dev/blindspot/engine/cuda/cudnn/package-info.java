/**
 * Plans that call cuDNN 9: the legacy interface and, for convolutions, graphs of operations.
 *
 * <p>A plan's descriptors are made and set before another thread sees them, then only read: cuDNN
 * takes them as constants, so plans are shared by threads that each use their own handle. What
 * depends on the batch is kept in a table by batch size, which grows when a size is executed first.
 * A finished graph is the exception: cuDNN does not promise that threads may share one, so each
 * context makes its own.
 */
package dev.blindspot.engine.cuda.cudnn;
