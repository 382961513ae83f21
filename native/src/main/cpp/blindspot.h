// The C interface between Java and the kernels.
//
// To add a kernel: put it into a file of kernels/ (compiled once for each instruction-set level,
// see kernels/level.h), with the signature bs_kernel and a struct of 8-byte fields for its
// arguments; name it in the table at the file's end; if the file is new, add its group to
// kernels/groups.h. Java finds it by name and level, writes the arguments in the struct's order
// into the context's block, and calls bs_execute.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What one thread uses to execute kernels: workers, workspace, the program being recorded.
typedef struct bs_context bs_context;

// args: a struct of 8-byte fields, addresses as int64_t. Kernels check nothing: plans did.
typedef void (*bs_kernel)(bs_context*, const void* args);

typedef struct {
  const char* name;
  bs_kernel run;
} bs_entry;

// ---- For kernels

// Number of threads of the context, the caller included.
int bs_threads(const bs_context* ctx);

// Runs fn(data, task, thread) for each task 0..tasks-1, by any thread 0..bs_threads-1, be there fewer tasks or not; the
// caller is thread 0. What a task computes must not depend on the thread that runs it.
void bs_parallel(bs_context* ctx, int64_t tasks, void (*fn)(const void* data, int64_t task, int thread),
                 const void* data);

// A range of at least `grain` of count items, split evenly among threads: fn(data, from, to).
void bs_parallel_ranges(bs_context* ctx, int64_t count, int64_t grain,
                        void (*fn)(const void* data, int64_t from, int64_t to), const void* data);

// The context's workspace; at least as large as the last bs_reserve asked for.
void* bs_workspace(bs_context* ctx);

// ---- For Java (addresses and handles as int64_t)

int64_t bs_context_create(int threads);  // 0 if threads could not be started
void bs_context_destroy(int64_t ctx);
// Grows the workspace to so many bytes; 0 if memory is refused.
int bs_reserve(int64_t ctx, int64_t bytes);
// Address of a kernel: level 0 scalar, 1 AVX2, 2 AVX-512, 3 AMX (kernels/tile_*.cpp only); 0 if there is none of this
// name.
int64_t bs_find(int level, const char* name);
// Name of the index-th kernel of a level, or null.
const char* bs_kernel_name(int level, int index);
// Highest of the levels 0 to 2 that this processor and operating system can run.
int bs_best_level(void);
// Asks the operating system for AMX: null if kernels of level 3 may run, or the reason why not.
const char* bs_amx_reason(void);
// Runs a kernel, or appends it with a copy of its arguments (bytes) while recording.
void bs_execute(int64_t ctx, int64_t kernel, int64_t args, int64_t bytes);
// Runs a kernel now, recording or not.
void bs_run(int64_t ctx, int64_t kernel, int64_t args);

// Recording: executions are appended to a program instead of run.
int64_t bs_program_begin(int64_t ctx);  // 0 if one is being recorded already
void bs_program_end(int64_t ctx);
int64_t bs_program_length(int64_t program);
// Lets count commands from first on run together, rows at a time that fit a cache, each row of which has row_bytes
// that several commands use. They must work on each of `rows` rows by itself, by one call of bs_parallel_ranges with
// their own arguments that covers the rows evenly; and no row of one may lie across rows of another. Groups are
// given in order. 0 if a kernel is not like that; the commands run one after the other then.
int bs_program_fuse(int64_t ctx, int64_t program, int64_t first, int64_t count, int64_t rows, int64_t row_bytes);
// Runs a program's kernels, or appends them to the program that is being recorded.
void bs_program_run(int64_t ctx, int64_t program);
void bs_program_free(int64_t program);

int64_t bs_allocate(int64_t bytes);  // page-aligned, huge pages advised; 0 if refused
void bs_free(int64_t address, int64_t bytes);
void bs_copy(int64_t to, int64_t from, int64_t bytes);

// A shared library of a user's kernel, never closed; 0 if it cannot be opened: bs_library_error says why.
int64_t bs_library_open(const char* path);
const char* bs_library_error(void);
// Address of a function; 0 if there is none of this name.
int64_t bs_library_symbol(int64_t library, const char* name);

// Opens OpenBLAS (one thread, and left so); null, or the reason why not.
const char* bs_blas_open(const char* path);
const char* bs_blas_config(void);
// Singular values of a row-major m x n matrix (destroyed): LAPACK's info, 0 if done.
int bs_singular_values_f32(int m, int n, int64_t a, int64_t values, int64_t work, int64_t length, int64_t iwork);
int bs_singular_values_f64(int m, int n, int64_t a, int64_t values, int64_t work, int64_t length, int64_t iwork);

#ifdef __cplusplus
}
#endif
