// What the parts of the sanitizer program share: buffers of exactly the size a kernel may touch,
// calls of kernels by name as Java makes them, and failures that end the program.
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <initializer_list>

// The codes and argument structs of the row kernels; nothing of a level is in this header.
#define BS_LEVEL scalar
#include "../../main/cpp/kernels/rows.h"

// ---- Calls

// The level under test.
extern int level;

[[noreturn]] __attribute__((format(printf, 1, 2))) void fail(const char* format, ...);

// Runs a kernel of the level on a context with a workspace of exactly so many bytes.
void run_kernel(const char* name, const void* args, int64_t bytes, int64_t workspace = 0);

// The arguments as one of rows.h's structs.
template <class Args>
void run(const char* name, const Args& args, int64_t workspace = 0) {
  run_kernel(name, &args, sizeof args, workspace);
}

// ---- Buffers

// A small integer, -4..4.
inline int small(int64_t i, int64_t seed) { return (int)((i * 7 + i / 11 + seed * 5) % 9) - 4; }

inline float poison(float) { return NAN; }
inline double poison(double) { return NAN; }
inline int32_t poison(int32_t) { return 0x5a5a5a5a; }
inline uint16_t poison(uint16_t) { return 0x5a5a; }
inline uint8_t poison(uint8_t) { return 0x5a; }
inline uint64_t poison(uint64_t) { return 0x5a5a5a5a5a5a5a5a; }

// count elements in a block of their own, so that AddressSanitizer sees each access beside them.
template <class T>
class Buffer {
 public:
  // Poisoned: NaN, or an unlikely number.
  explicit Buffer(int64_t count) : count_(count), p_((T*)malloc((size_t)count * sizeof(T))) {
    for (int64_t i = 0; i < count; i++) p_[i] = poison(T());
  }

  // Small integers.
  Buffer(int64_t count, int64_t seed) : Buffer(count) {
    for (int64_t i = 0; i < count; i++) p_[i] = (T)small(i, seed);
  }

  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { free(p_); }

  T& operator[](int64_t i) { return p_[i]; }
  const T& operator[](int64_t i) const { return p_[i]; }
  int64_t size() const { return count_; }
  int64_t address() const { return (int64_t)p_; }
  T* data() { return p_; }

  void fill(T v) {
    for (int64_t i = 0; i < count_; i++) p_[i] = v;
  }

  // Fails unless every element is within tolerance of want(i): so each was written, too.
  template <class F>
  void expect(const char* what, double tolerance, F want) const {
    for (int64_t i = 0; i < count_; i++) {
      const double w = want(i), g = (double)p_[i];
      if (!(g == w || fabs(g - w) <= tolerance || (g != g && w != w))) {
        fail("%s: element %lld of %lld is %g, expected %g", what, (long long)i, (long long)count_, g, w);
      }
    }
  }

  // Fails if an element was not written, or is not a number.
  void expect_finite(const char* what) const {
    for (int64_t i = 0; i < count_; i++) {
      if (!isfinite((double)p_[i])) fail("%s: element %lld is %g", what, (long long)i, (double)p_[i]);
    }
  }

 private:
  int64_t count_;
  T* p_;
};

// ---- Arguments as Java writes them: fields of 8 bytes

struct Word {
  int64_t bits;
  Word(int v) : bits(v) {}
  Word(int64_t v) : bits(v) {}
  Word(double v) { memcpy(&bits, &v, 8); }
  Word(decltype(nullptr)) : bits(0) {}
  template <class T>
  Word(const Buffer<T>& b) : bits(b.address()) {}
};

// Runs a kernel with these fields.
inline void call(const char* name, std::initializer_list<Word> fields, int64_t workspace = 0) {
  run_kernel(name, fields.begin(), (int64_t)(fields.size() * sizeof(Word)), workspace);
}

inline int64_t round64(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// ---- The parts; each runs its kernels at the level under test.

void rows_test();
void convolution_test();
void direct_test();
void dense_test();
void layers_test();
void normalise_test();
void move_test();
void tile_test();
void tile_conv_test();

// What is below the kernels: threads, workspace, programs. Once, not for each level.
void context_test();
