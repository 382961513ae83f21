// libcuda.so.1: the stand-ins' state, and what the engine calls of the driver. Modules are the
// shared objects that the stand-in NVRTC made.
#include <dlfcn.h>
#include <elf.h>
#include <unistd.h>

#include "fibers.h"

using namespace standin;

static State* const theState = new State;  // never destroyed: threads may outlive the main one
static thread_local Thread theThread;
State& standin::state() { return *theState; }
Thread& standin::thread() { return theThread; }

namespace {

enum { INVALID_IMAGE = 200, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719 };

int refusal() { return state().error; }

struct Module : Object {
  Ref library = nullptr;
  int file = memfd_create("standin-module", MFD_CLOEXEC);  // keeps its path from other libraries

  ~Module() override { library ? dlclose(library) : 0, close(file); }

  template <class F>
  F symbol(const std::string& name) const {
    return (F)dlsym(library, name.c_str());
  }
};

struct Function : Object {
  std::weak_ptr<Module> module;
  StandinBlock* block;
  unsigned long (*run)(Data parameters);  // the parameters' size if null is given
  char *shared, *sharedEnd;
  std::string name;
};

// A field whose bits look like an address must be one that the device can read.
void checkParameters(const std::vector<long>& fields) {
  for (size_t k = 0; k < fields.size(); k++) {
    Data p = (Data)fields[k];
    bool host = fields[k] >= HOST && fields[k] <= HOST_END;
    bool freed = mayBeDevice(p) && !inside(state().device, p, 0);
    if (host) die("field %zu, %p, looks like host memory", k, p);
    if (freed) die("field %zu, %p, is not in live memory", k, p);
  }
}

void runGrid(const Function& f, unsigned grid, unsigned threads, Data parameters) {
  auto module = f.module.lock();
  if (!module) die("launched after its module was unloaded");
  r.run = f.run, r.parameters = parameters, r.b = f.block, r.ended = false, r.failure.clear();
  // Backwards if asked for and the block is a power of two: what needs an order shows.
  static const bool reverse = setting("STANDIN_REVERSE", 0) != 0;
  unsigned turn = reverse && !(threads & (threads - 1)) ? threads - 1 : 0;
  for (unsigned k = 0; k < grid && !r.ended; k++) {
    unsigned number = turn ? grid - 1 - k : k;
    *r.b = {{}, {number, 0, 0}, {threads, 1, 1}, {grid, 1, 1}, 0, turn, {}, meet, fail};
    memset(f.shared, 0xff, (size_t)(f.sharedEnd - f.shared));
    runBlock();
  }
  if (!r.failure.empty()) die("block %u, %s", r.b->block.x, r.failure.c_str());
  if (r.ended) state().error = LAUNCH_FAILED;
}

}  // namespace

ALWAYS(cuDeviceGetName, (char* name, int bytes, int), snprintf(name, (size_t)bytes, "Stand-in"))
ALWAYS(cuGetErrorName, (int code, const char** name), {
  *name = code == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR_ILLEGAL_ADDRESS";
})
ALWAYS(cuGetErrorString, (int code, const char** text), return cuGetErrorName(code, text))

CALL(cuModuleLoadData, (Ref* module, Data image), {
  refuseInCapture();
  needHost(image, "the image");
  const auto* header = (const Elf64_Ehdr*)image;
  bool elf = !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_machine == EM_X86_64;
  if (!elf) return INVALID_IMAGE;
  auto loaded = std::make_shared<Module>();
  size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
  if (write(loaded->file, image, bytes) != (ssize_t)bytes) die("cannot write the module");
  std::string path = "/proc/self/fd/" + std::to_string(loaded->file);
  loaded->library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded->library) die("%s", dlerror());
  if (!loaded->symbol<void*>("standin_block")) die("the image is not of the stand-in NVRTC");
  *module = adopt(loaded);
})

CALL(cuModuleUnload, (Ref module), refuseInCapture(), flushAll(), release<Module>(module))

CALL(cuModuleGetFunction, (Ref* out, Ref handle, const char* name), {
  auto f = std::make_shared<Function>();
  auto module = get<Module>(handle);
  f->name = name, f->module = module;
  f->run = module->symbol<unsigned long (*)(const void*)>("standin_run_" + f->name);
  if (!f->run) return NOT_FOUND;
  f->block = module->symbol<StandinBlock*>("standin_block");
  f->shared = module->symbol<char* (*)()>("standin_shared_begin")();
  f->sharedEnd = module->symbol<char* (*)()>("standin_shared_end")();
  *out = adopt(f);
})

// Parameters must come as one block, by `extra`: {1, block, 2, its size, null}.
CALL(cuLaunchKernel, (Ref handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                      unsigned bz, unsigned shared, Ref stream, Ref* values, Ref* extra), {
  auto f = get<Function>(handle);
  thread().call = f->name.c_str();
  bool flat = gx && bx && (gy & gz & by & bz) == 1 && bx <= STANDIN_THREADS && gx <= 0x7fffffff;
  if (!flat || shared) die("grid %u x %u x %u, blocks %u x %u x %u", gx, gy, gz, bx, by, bz);
  bool block = !values && extra && extra[0] == (Ref)1 && extra[2] == (Ref)2 && !extra[4];
  if (!block) die("not one block of parameters");
  size_t bytes = *(const size_t*)extra[3], needed = f->run(nullptr);
  if (bytes != needed) die("%zu bytes of parameters where it takes %zu", bytes, needed);
  needHost(extra[1], "the parameter block");
  std::vector<long> copy(bytes / 8 + 1);
  memcpy(copy.data(), extra[1], bytes);
  checkParameters(copy);
  submit(stream, {}, [f, copy, gx, bx] {
    const char* fault = getenv("STANDIN_FAULT");
    checkParameters(copy);
    if (fault && f->name == fault) state().error = ILLEGAL_ADDRESS;
    else runGrid(*f, gx, bx, copy.data());
  });
})
