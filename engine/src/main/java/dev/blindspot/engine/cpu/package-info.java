/**
 * The backend of x86-64 processors under Linux: our kernels at one instruction-set level, and
 * OpenBLAS for large dense algebra; where there is AMX and its precisions are asked for, products
 * from bfloat16 parts. Arenas own native memory; a context owns its worker threads, workspace and
 * argument block, and belongs to one thread at a time; plans are immutable and shared.
 */
package dev.blindspot.engine.cpu;
