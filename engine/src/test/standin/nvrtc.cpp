// libnvrtc.so.13: compile.sh, which lies beside this library, compiles the CUDA C to a shared
// object, which stands for the CUBIN. A program is a folder.
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

std::string read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string home() {  // the folder of this library, and of what compiles
  Dl_info info;
  dladdr((Data)&refusal, &info);
  return std::filesystem::canonical(info.dli_fname).parent_path();
}

struct Program : Object {
  std::string name, folder = std::filesystem::temp_directory_path() / "standin-nvrtc-XXXXXX";

  Program() { mkdtemp(folder.data()) ? void() : die("no temporary folder %s", folder.c_str()); }
  ~Program() override { std::filesystem::remove_all(folder); }
  void write(const std::string& file, const char* text) const {
    std::ofstream(folder + "/" + file) << text;
  }
};

std::string fileOf(Data program, const char* name) {
  return read(get<Program>(program)->folder + "/" + name);
}

}  // namespace

// The minor version tells preludes apart, so that nobody keeps images of another one in a cache.
CALL(nvrtcVersion, (int* major, int* minor), {
  std::string all;
  for (const char* file : {"/block.h", "/prelude.h", "/compile.sh"}) all += read(home() + file);
  *major = 13, *minor = (int)(std::hash<std::string>()(all) % 10000);
})

extern "C" const char* nvrtcGetErrorString(int) { return "NVRTC_ERROR_COMPILATION"; }

CALL(nvrtcCreateProgram, (Ref* handle, const char* source, const char* name, int headers,
                          const char* const* texts, const char* const* names), {
  auto p = std::make_shared<Program>();
  p->name = name;
  p->write("source.cu", source);
  for (int k = 0; k < headers; k++) p->write(names[k], texts[k]);
  *handle = adopt(p);
})
CALL(nvrtcCompileProgram, (Ref handle, int count, const char* const* options), {
  auto p = get<Program>(handle);
  std::string command = "cd " + p->folder + " && sh '" + home() + "/compile.sh' '" + home() + "'";
  command += " '" + p->name + "'";
  for (int k = 0; k < count; k++) command += std::string(" '") + options[k] + "'";
  int status = system(command.c_str());
  if (!WIFEXITED(status) || WEXITSTATUS(status) == MISUSE) die("%s", fileOf(handle, "log").c_str());
  return status ? COMPILATION : SUCCESS;
})
CALL(nvrtcGetProgramLogSize, (Ref program, size_t* n), *n = fileOf(program, "log").size() + 1)
CALL(nvrtcGetProgramLog, (Ref program, char* log), strcpy(log, fileOf(program, "log").c_str()))
CALL(nvrtcGetCUBINSize, (Ref program, size_t* n), *n = fileOf(program, "image.so").size())
CALL(nvrtcGetCUBIN, (Ref program, char* image), {
  std::string text = fileOf(program, "image.so");
  memcpy(image, text.data(), text.size());
})
CALL(nvrtcDestroyProgram, (Ref* program), release<Program>(*program), *program = nullptr)
