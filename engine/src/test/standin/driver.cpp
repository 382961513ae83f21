// libcuda.so.1: modules are the shared objects that the stand-in NVRTC made.
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "block.h"
#include "standin.h"

using namespace standin;

namespace {

enum { SUCCESS = 0, INVALID_VALUE = 1, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_IMAGE = 200, NOT_FOUND = 500 };

std::lock_guard<std::recursive_mutex> guard() { return std::lock_guard(lock()); }

long long devices() { return setting("STANDIN_DEVICES", 1); }

int load(void** module, const void* image, const char* caller) {
  auto g = guard();
  if (broken()) return broken();
  refuseInCapture(caller);
  needHost(image, "the image", caller);
  const auto* header = (const Elf64_Ehdr*)image;
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_machine != EM_X86_64) return INVALID_IMAGE;
  size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
  int file = memfd_create("standin-module", MFD_CLOEXEC);
  for (size_t at = 0; at < bytes;) {
    ssize_t n = write(file, (const char*)image + at, bytes - at);
    if (n <= 0) die("%s: cannot write the module", caller);
    at += (size_t)n;
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  auto loaded = std::make_shared<Module>();
  loaded->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  loaded->file = file;
  if (!loaded->library || !dlsym(loaded->library, "standin_block")) {
    die("%s: the image was not made by the stand-in NVRTC: %s", caller, loaded->library ? "" : dlerror());
  }
  *module = adopt(Module::KIND, loaded);
  return SUCCESS;
}

int function(void** out, void* moduleHandle, const char* name, const char* caller) {
  auto g = guard();
  if (broken()) return broken();
  auto module = get<Module>(moduleHandle, caller);
  auto f = std::make_shared<Function>();
  snprintf(f->name, sizeof f->name, "%s", name);
  auto symbol = [&](const char* s) { return dlsym(module->library, s); };
  f->run = (unsigned long (*)(const char*))symbol((std::string("standin_run_") + name).c_str());
  if (!f->run) return NOT_FOUND;
  f->module = module;
  f->block = (StandinBlock*)symbol("standin_block");
  f->shared = ((char* (*)())symbol("standin_shared_begin"))();
  f->sharedEnd = ((char* (*)())symbol("standin_shared_end"))();
  *out = adopt(Function::KIND, f);
  return SUCCESS;
}

int unload(void* module, const char* caller) {
  auto g = guard();
  if (broken()) return broken();
  refuseInCapture(caller);
  flushAll();
  release(Module::KIND, module, caller);
  return SUCCESS;
}

}  // namespace

standin::Module::~Module() {
  if (library) dlclose(library);
  if (file >= 0) close(file);
}

extern "C" {

int cuInit(unsigned) { return devices() ? SUCCESS : NO_DEVICE; }

int cuDriverGetVersion(int* version) {
  *version = (int)setting("STANDIN_DRIVER", 13000);
  return SUCCESS;
}

int cuDeviceGetCount(int* count) {
  *count = (int)devices();
  return SUCCESS;
}

int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return ordinal >= 0 && ordinal < devices() ? SUCCESS : INVALID_DEVICE;
}

int cuDeviceGetName(char* name, int bytes, int) {
  snprintf(name, (size_t)bytes, "Stand-in");
  return SUCCESS;
}

int cuGetErrorName(int error, const char** name) {
  switch (error) {
    case SUCCESS: *name = "CUDA_SUCCESS"; break;
    case INVALID_VALUE: *name = "CUDA_ERROR_INVALID_VALUE"; break;
    case NO_DEVICE: *name = "CUDA_ERROR_NO_DEVICE"; break;
    case INVALID_DEVICE: *name = "CUDA_ERROR_INVALID_DEVICE"; break;
    case INVALID_IMAGE: *name = "CUDA_ERROR_INVALID_IMAGE"; break;
    case NOT_FOUND: *name = "CUDA_ERROR_NOT_FOUND"; break;
    case 700: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
    case 719: *name = "CUDA_ERROR_LAUNCH_FAILED"; break;
    default: *name = nullptr; return INVALID_VALUE;
  }
  return SUCCESS;
}

int cuGetErrorString(int error, const char** text) {
  int result = cuGetErrorName(error, text);
  if (result == SUCCESS) *text = error == NOT_FOUND ? "named symbol not found" : "a stand-in's driver error";
  return result;
}

int cuModuleLoadData(void** module, const void* image) { return load(module, image, "cuModuleLoadData"); }

int cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
  return load(module, image, "cuModuleLoadDataEx");
}

int cuModuleGetFunction(void** out, void* module, const char* name) {
  return function(out, module, name, "cuModuleGetFunction");
}

int cuModuleUnload(void* module) { return unload(module, "cuModuleUnload"); }

int cuLibraryLoadData(void** library, const void* code, int*, void**, unsigned, int*, void**, unsigned) {
  return load(library, code, "cuLibraryLoadData");
}

int cuLibraryGetKernel(void** out, void* library, const char* name) {
  return function(out, library, name, "cuLibraryGetKernel");
}

int cuLibraryUnload(void* library) { return unload(library, "cuLibraryUnload"); }

int cuFuncGetAttribute(int* value, int attribute, void* handle) {
  auto g = guard();
  auto f = get<Function>(handle, "cuFuncGetAttribute");
  if (attribute == 0) *value = STANDIN_THREADS;                       // MAX_THREADS_PER_BLOCK
  else if (attribute == 1) *value = (int)(f->sharedEnd - f->shared);  // SHARED_SIZE_BYTES
  else if (attribute >= 2 && attribute <= 5) *value = 0;              // constant, local, registers, PTX version
  else return INVALID_VALUE;
  return SUCCESS;
}

int cuLaunchKernel(void* handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void* stream, void** values, void** extra) {
  auto g = guard();
  if (broken()) return broken();
  auto f = get<Function>(handle, "cuLaunchKernel");
  const char* name = f->name;
  if (!gx || !bx || gy != 1 || gz != 1 || by != 1 || bz != 1 || bx > STANDIN_THREADS || gx > 0x7fffffff) {
    die("kernel %s: grid %u x %u x %u of blocks %u x %u x %u", name, gx, gy, gz, bx, by, bz);
  }
  if (shared) die("kernel %s: dynamic shared memory is not supported", name);
  if (values) die("kernel %s: parameters must come through `extra`, kernelParams must be null", name);
  size_t bytes = 0;
  const char* block = nullptr;
  for (int k = 0; extra && extra[k] && k < 4; k += 2) {
    if (extra[k] == (void*)1) block = (const char*)extra[k + 1];  // CU_LAUNCH_PARAM_BUFFER_POINTER
    else if (extra[k] == (void*)2) bytes = *(const size_t*)extra[k + 1];
    else die("kernel %s: extra[%d] is %p", name, k, extra[k]);
  }
  size_t needed = f->run(nullptr);
  if (bytes != needed) die("kernel %s: %zu bytes of parameters where it takes %zu", name, bytes, needed);
  if (bytes) needHost(block, "the parameter buffer", name);
  // Longs keep the copy aligned as the kernel's struct must be.
  auto copy = std::make_shared<std::vector<long long>>(bytes / 8 + 1);
  if (bytes) memcpy(copy->data(), block, bytes);
  checkParameters((const char*)copy->data(), bytes, name);
  submit(stream, f->name, {}, [f, copy, gx, bx, bytes] {
    const char* fault = getenv("STANDIN_FAULT");
    if (fault && !strcmp(fault, f->name)) return setBroken(700);
    checkParameters((const char*)copy->data(), bytes, f->name);
    runGrid(*f, gx, bx, (const char*)copy->data());
  });
  return SUCCESS;
}
}
