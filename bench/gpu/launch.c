// What LaunchBenchmarks is compared with, without Java: microseconds of a cublasLt product in a C loop, and the
// bandwidth of copies on the device. The same product: 64 x 64 x 64 floats, pedantic, the first algorithm ranked.
// Prints JSON. Libraries are opened by name (LD_LIBRARY_PATH): compiled where there is no CUDA.
// usage: launch [quick]
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIDE = 64, CALLS = 2000, SERIES = 9, R_32F = 0, PEDANTIC_32F = 69, MAX_WORKSPACE = 1, ON_DEVICE = 3 };
static const size_t WORKSPACE = 32 << 20;

typedef struct {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
} Heuristic;

static void* open_library(const char* name) {
  void* library = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
  if (!library) fprintf(stderr, "launch: %s\n", dlerror()), exit(3);
  return library;
}

static void* symbol(void* library, const char* name) {
  void* f = dlsym(library, name);
  if (!f) fprintf(stderr, "launch: there is no %s\n", name), exit(3);
  return f;
}

static void check(int status, const char* what) {
  if (status) fprintf(stderr, "launch: %s: status %d\n", what, status), exit(4);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int ascending(const void* a, const void* b) {
  double u = *(const double*)a, v = *(const double*)b;
  return (u > v) - (u < v);
}

int main(int count, char** arguments) {
  int quick = count > 1 && !strcmp(arguments[1], "quick");
  int calls = quick ? 3 : CALLS, series = quick ? 1 : SERIES;
  size_t copied = quick ? 1 << 16 : (size_t)1 << 30;
  void* rt = open_library("libcudart.so.13");
  void* lt = open_library("libcublasLt.so.13");
  int (*stream_create)(void**, unsigned) = symbol(rt, "cudaStreamCreateWithFlags");
  int (*synchronize)(void*) = symbol(rt, "cudaStreamSynchronize");
  int (*allocate)(void**, size_t) = symbol(rt, "cudaMalloc");
  int (*clear)(void*, int, size_t, void*) = symbol(rt, "cudaMemsetAsync");
  int (*copy)(void*, const void*, size_t, int, void*) = symbol(rt, "cudaMemcpyAsync");
  int (*event_create)(void**) = symbol(rt, "cudaEventCreate");
  int (*event_record)(void*, void*) = symbol(rt, "cudaEventRecord");
  int (*elapsed)(float*, void*, void*) = symbol(rt, "cudaEventElapsedTime");
  int (*create)(void**) = symbol(lt, "cublasLtCreate");
  int (*operation)(void*, size_t, int, int) = symbol(lt, "cublasLtMatmulDescInit_internal");
  int (*layout)(void*, size_t, int, uint64_t, uint64_t, int64_t) = symbol(lt, "cublasLtMatrixLayoutInit_internal");
  int (*preference)(void*, size_t) = symbol(lt, "cublasLtMatmulPreferenceInit_internal");
  int (*prefer)(void*, int, const void*, size_t) = symbol(lt, "cublasLtMatmulPreferenceSetAttribute");
  int (*rank)(void*, void*, void*, void*, void*, void*, void*, int, Heuristic*, int*) =
      symbol(lt, "cublasLtMatmulAlgoGetHeuristic");
  int (*multiply)(void*, void*, const void*, const void*, void*, const void*, void*, const void*, const void*, void*,
                  void*, void*, const void*, void*, size_t, void*) = symbol(lt, "cublasLtMatmul");

  void *stream, *handle, *a, *b, *c, *space, *from, *to, *begin, *end;
  check(stream_create(&stream, 1), "a stream");
  check(create(&handle), "cublasLt");
  check(allocate(&a, 4 * SIDE * SIDE), "memory");
  check(allocate(&b, 4 * SIDE * SIDE), "memory");
  check(allocate(&c, 4 * SIDE * SIDE), "memory");
  check(allocate(&space, WORKSPACE), "memory");
  check(clear(a, 0, 4 * SIDE * SIDE, stream) + clear(b, 0, 4 * SIDE * SIDE, stream), "clearing");
  uint64_t desc[32], matrix[14], wish[12];  // as large as the descriptors of CUDA 13
  check(operation(desc, sizeof desc, PEDANTIC_32F, R_32F), "a product");
  check(layout(matrix, sizeof matrix, R_32F, SIDE, SIDE, SIDE), "a layout");
  check(preference(wish, sizeof wish), "preferences");
  check(prefer(wish, MAX_WORKSPACE, &WORKSPACE, sizeof WORKSPACE), "preferences");
  Heuristic found[8];
  int ranked = 0, chosen = 0;
  check(rank(handle, desc, matrix, matrix, matrix, matrix, wish, 8, found, &ranked), "ranking");
  while (chosen < ranked && found[chosen].state) chosen++;
  if (chosen == ranked) fprintf(stderr, "launch: no algorithm\n"), exit(4);
  const float one = 1, zero = 0;
  double times[SERIES];
  for (int s = -1; s < series; s++) {  // the first one loads
    double start = now();
    for (int i = 0; i < calls; i++) {
      check(multiply(handle, desc, &one, a, matrix, b, matrix, &zero, c, matrix, c, matrix, found[chosen].algorithm,
                     space, WORKSPACE, stream), "a product");
    }
    check(synchronize(stream), "waiting");
    if (s >= 0) times[s] = (now() - start) / calls;
  }
  qsort(times, (size_t)series, sizeof *times, ascending);

  check(allocate(&from, copied), "memory");
  check(allocate(&to, copied), "memory");
  check(clear(from, 0, copied, stream), "clearing");
  check(event_create(&begin) + event_create(&end), "events");
  double best = 0;
  for (int s = -1; s < series; s++) {
    float milliseconds;
    check(event_record(begin, stream), "an event");
    check(copy(to, from, copied, ON_DEVICE, stream), "a copy");
    check(event_record(end, stream), "an event");
    check(synchronize(stream), "waiting");
    check(elapsed(&milliseconds, begin, end), "a time");
    double rate = 2.0 * (double)copied / ((double)milliseconds * 1e6);
    if (s >= 0 && rate > best) best = rate;
  }
  printf("{\"format\": \"blindspot-launch-c-1\", \"matmul_us\": %.4f, \"copy_gigabytes\": %.3f}\n", times[series / 2],
         best);
  return 0;
}
