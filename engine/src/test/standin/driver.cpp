// libcuda.so.1, what the engine calls of it: modules are the shared objects that the stand-in NVRTC made.
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

#define RESULT extern "C" int
#define ENTER                \
  std::lock_guard g(lock()); \
  if (broken()) return broken()

namespace {

enum { SUCCESS = 0, INVALID_VALUE = 1, INVALID_IMAGE = 200, NOT_FOUND = 500 };

const struct {
  int code;
  const char *name, *text;
} ERRORS[] = {{SUCCESS, "CUDA_SUCCESS", "no error"},
              {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
              {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
              {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
              {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
              {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"}};

// The image as a file in memory, which dlopen needs.
int fileOf(const char* image, size_t bytes) {
  int file = memfd_create("standin-module", MFD_CLOEXEC);
  for (size_t at = 0; at < bytes;) {
    ssize_t n = write(file, image + at, bytes - at);
    if (n <= 0) die("cuModuleLoadData: cannot write the module");
    at += (size_t)n;
  }
  return file;
}

}  // namespace

standin::Module::~Module() {
  if (library) dlclose(library);
  if (file >= 0) close(file);
}

RESULT cuDeviceGetName(char* name, int bytes, int) { return snprintf(name, (size_t)bytes, "Stand-in"), SUCCESS; }

RESULT cuGetErrorName(int code, const char** name) {
  for (auto& e : ERRORS) {
    if (e.code == code) return *name = e.name, SUCCESS;
  }
  return INVALID_VALUE;
}

RESULT cuGetErrorString(int code, const char** text) {
  for (auto& e : ERRORS) {
    if (e.code == code) return *text = e.text, SUCCESS;
  }
  return INVALID_VALUE;
}

RESULT cuModuleLoadData(void** module, const void* image) {
  ENTER;
  refuseInCapture(__func__);
  needHost(image, "the image", __func__);
  const auto* header = (const Elf64_Ehdr*)image;
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_machine != EM_X86_64) return INVALID_IMAGE;
  auto loaded = std::make_shared<Module>();
  loaded->file = fileOf((const char*)image, header->e_shoff + (size_t)header->e_shnum * header->e_shentsize);
  std::string path = "/proc/self/fd/" + std::to_string(loaded->file);
  loaded->library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded->library) die("%s: %s", __func__, dlerror());
  if (!dlsym(loaded->library, "standin_block")) die("%s: the image is not of the stand-in NVRTC", __func__);
  *module = adopt(Module::KIND, loaded);
  return SUCCESS;
}

RESULT cuModuleGetFunction(void** out, void* handle, const char* name) {
  ENTER;
  auto module = get<Module>(handle, __func__);
  auto f = std::make_shared<Function>();
  f->run = (unsigned long (*)(const char*))dlsym(module->library, (std::string("standin_run_") + name).c_str());
  if (!f->run) return NOT_FOUND;
  f->name = name;
  f->module = module;
  f->block = (StandinBlock*)dlsym(module->library, "standin_block");
  f->shared = ((char* (*)())dlsym(module->library, "standin_shared_begin"))();
  f->sharedEnd = ((char* (*)())dlsym(module->library, "standin_shared_end"))();
  *out = adopt(Function::KIND, f);
  return SUCCESS;
}

RESULT cuModuleUnload(void* module) {
  ENTER;
  refuseInCapture(__func__);
  flushAll();
  release(Module::KIND, module, __func__);
  return SUCCESS;
}

RESULT cuLaunchKernel(void* handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                      unsigned shared, void* stream, void** values, void** extra) {
  ENTER;
  auto f = get<Function>(handle, __func__);
  const char* name = f->name.c_str();
  if (!gx || !bx || gy != 1 || gz != 1 || by != 1 || bz != 1 || bx > STANDIN_THREADS || gx > 0x7fffffff) {
    die("kernel %s: grid %u x %u x %u of blocks %u x %u x %u", name, gx, gy, gz, bx, by, bz);
  }
  if (shared) die("kernel %s: dynamic shared memory is not supported", name);
  if (values) die("kernel %s: parameters must come through `extra`, kernelParams must be null", name);
  size_t bytes = 0, needed = f->run(nullptr);
  const char* block = nullptr;
  for (int k = 0; extra && extra[k] && k < 4; k += 2) {
    if (extra[k] == (void*)1) block = (const char*)extra[k + 1];  // CU_LAUNCH_PARAM_BUFFER_POINTER
    else if (extra[k] == (void*)2) bytes = *(const size_t*)extra[k + 1];
    else die("kernel %s: extra[%d] is %p", name, k, extra[k]);
  }
  if (bytes != needed) die("kernel %s: %zu bytes of parameters where it takes %zu", name, bytes, needed);
  if (bytes) needHost(block, "the parameter buffer", name);
  // Longs keep the copy aligned as the kernel's struct must be.
  auto copy = std::make_shared<std::vector<long long>>(bytes / 8 + 1);
  if (bytes) memcpy(copy->data(), block, bytes);
  checkParameters((const char*)copy->data(), bytes, name);
  submit(stream, name, {}, [f, copy, gx, bx, bytes] {
    const char* fault = getenv("STANDIN_FAULT");  // the name of a kernel that fails
    if (fault && f->name == fault) return setBroken(700);
    checkParameters((const char*)copy->data(), bytes, f->name.c_str());
    runGrid(*f, gx, bx, (const char*)copy->data());
  });
  return SUCCESS;
}
