// Included first by every file of kernels/. Such a file is compiled once for each level, with
// -DBS_LEVEL=scalar|avx2|avx512 and that level's flags; tile_*.cpp also with amx. Everything in it is in an unnamed namespace
// or static: the linker must never take one level's copy of a function for another's. No STL.
#pragma once
#include "../blindspot.h"

#define BS_JOIN3(a, b, c) a##_##b##_##c
#define BS_NAME(level, group) BS_JOIN3(bs, level, group)

// The table of this file: BS_TABLE(group) { {"name", kernel}, ..., {nullptr, nullptr} };
#define BS_TABLE(group)                                            \
  extern "C" {                                                     \
  extern const bs_entry BS_NAME(BS_LEVEL, group)[];                \
  }                                                                \
  const bs_entry BS_NAME(BS_LEVEL, group)[] =
