/**
 * What a plan that calls NVIDIA's libraries needs of the backend and its contexts, and what such
 * plans share. The backend implements {@link dev.blindspot.engine.cuda.library.LibraryBackend} and
 * {@link dev.blindspot.engine.cuda.library.LibraryContext}; the plans in {@code cuda.cudnn} and
 * {@code cuda.blas} know nothing else of it.
 *
 * <p>Descriptors belong to their plan, are set up before any other thread sees them and only read
 * afterwards, so threads share them; handles, streams, workspace and re-addressable pointers belong
 * to a context, so to one thread at a time.
 */
package dev.blindspot.engine.cuda.library;
