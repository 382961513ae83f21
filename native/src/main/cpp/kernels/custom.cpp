// Calls a user's compiled function on ranges of its items. Nothing here depends on the level.
#include "level.h"

namespace {

// Followed by address and size of each tensor, then the numbers. The prelude of users' sources
// (CppCompiler.java) declares the same layout.
struct Args {
  int64_t function, items, grain, tensors;
};

void range(const void* raw, int64_t from, int64_t to) {
  ((void (*)(const void*, int64_t, int64_t))((const Args*)raw)->function)(raw, from, to);
}

void custom(bs_context* ctx, const void* args) {
  const Args& k = *(const Args*)args;
  bs_parallel_ranges(ctx, k.items, k.grain, range, args);
}

}  // namespace

BS_TABLE(custom){
    {"custom", custom},
    {nullptr, nullptr},
};
