// Shared libraries of users' kernels.
#include <dlfcn.h>

#include "blindspot.h"

int64_t bs_library_open(const char* path) { return (int64_t)dlopen(path, RTLD_NOW | RTLD_LOCAL); }

const char* bs_library_error(void) { return dlerror(); }

int64_t bs_library_symbol(int64_t library, const char* name) { return (int64_t)dlsym((void*)library, name); }
