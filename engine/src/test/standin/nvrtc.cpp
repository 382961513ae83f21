// libnvrtc.so.13: compile.sh, which lies beside this library, compiles the CUDA C to a shared object, which stands
// for the CUBIN. A program is a folder.
#include <dlfcn.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "standin.h"

using namespace standin;

namespace {

enum { SUCCESS = 0, COMPILATION = 6, MISUSE = 2 };

int refusal() { return SUCCESS; }

std::string read(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The folder of this library, and of what compiles.
std::string home() {
  Dl_info info;
  dladdr((void*)&refusal, &info);
  return std::filesystem::canonical(info.dli_fname).parent_path();
}

struct Program : Object {
  std::string name, folder = std::filesystem::temp_directory_path() / "standin-nvrtc-XXXXXX";

  Program() {
    if (!mkdtemp(folder.data())) die("no temporary folder %s", folder.c_str());
  }
  ~Program() override { std::filesystem::remove_all(folder); }

  void write(const std::string& file, const char* text) const {
    if (!(std::ofstream(folder + "/" + file, std::ios::binary) << text).flush()) die("cannot write %s", file.c_str());
  }
};

std::string fileOf(void* program, const char* name) { return read(get<Program>(program)->folder + "/" + name); }

}  // namespace

// The minor version tells preludes apart, so that nobody keeps images of another one in a cache.
CALL(nvrtcVersion, (int* major, int* minor), {
  std::string all = read(home() + "/block.h") + read(home() + "/prelude.h") + read(home() + "/compile.sh");
  *major = 13, *minor = (int)(std::hash<std::string>()(all) % 10000);
})

extern "C" const char* nvrtcGetErrorString(int) { return "NVRTC_ERROR_COMPILATION"; }  // there is no other

CALL(nvrtcCreateProgram, (void** handle, const char* source, const char* name, int headers, const char* const* texts,
                          const char* const* names), {
  auto p = std::make_shared<Program>();
  p->name = name ? name : "default_program";
  p->write("source.cu", source);
  for (int k = 0; k < headers; k++) p->write(names[k], texts[k]);
  *handle = adopt(p);
})

CALL(nvrtcCompileProgram, (void* handle, int count, const char* const* options), {
  auto p = get<Program>(handle);
  std::string command = "cd " + p->folder + " && sh '" + home() + "/compile.sh' '" + home() + "' '" + p->name + "'";
  for (int k = 0; k < count; k++) command += std::string(" '") + options[k] + "'";
  int status = system(command.c_str());
  if (!WIFEXITED(status) || WEXITSTATUS(status) == MISUSE) die("%s", fileOf(handle, "log").c_str());
  return status ? COMPILATION : SUCCESS;
})

CALL(nvrtcGetProgramLogSize, (void* program, size_t* bytes), *bytes = fileOf(program, "log").size() + 1)
CALL(nvrtcGetProgramLog, (void* program, char* log), strcpy(log, fileOf(program, "log").c_str()))
CALL(nvrtcGetCUBINSize, (void* program, size_t* bytes), *bytes = fileOf(program, "image.so").size())
CALL(nvrtcGetCUBIN, (void* program, char* image), {
  std::string text = fileOf(program, "image.so");
  memcpy(image, text.data(), text.size());
})
CALL(nvrtcDestroyProgram, (void** program), release<Program>(*program), *program = nullptr)
