// libnvrtc.so.13: g++ compiles the CUDA C, with the prelude before it and a door for each kernel behind it, to a
// shared object, which stands for the CUBIN.
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "standin.h"

using namespace standin;

namespace {

enum { SUCCESS = 0, INVALID_INPUT = 3, INVALID_PROGRAM = 4, COMPILATION = 6 };

const char* const PRELUDE =
#include "prelude.inc"
    ;

struct Program : Object {
  static constexpr const char* KIND = "NVRTC program";
  std::string source, name, log, image;
  std::vector<std::pair<std::string, std::string>> headers;
};

std::shared_ptr<Program> program(void* handle, const char* caller) {
  std::lock_guard g(lock());
  return get<Program>(handle, caller);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) die("cannot write %s", path.c_str());
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

bool starts(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

// The options in g++'s words.
std::vector<std::string> translate(int count, const char* const* options) {
  std::vector<std::string> flags = {"-DSTANDIN=1"};
  bool contract = true, arch = false;
  for (int k = 0; k < count; k++) {
    std::string option = options[k];
    if (starts(option, "--")) option = option.substr(1);
    if (option == "-gpu-architecture" || option == "-arch" || option == "-std") die("NVRTC: write %s=...", options[k]);
    if (starts(option, "-gpu-architecture=") || starts(option, "-arch=")) {
      std::string value = option.substr(option.find('=') + 1);
      if (!starts(value, "sm_")) die("NVRTC: %s asks for PTX; only a CUBIN (sm_NN) is supported", options[k]);
      flags.push_back("-D__CUDA_ARCH__=" + value.substr(3) + "0");
      arch = true;
    } else if (option == "-std=c++17") {
    } else if (option == "-fmad=false") {
      contract = false;
    } else if (option == "-fmad=true" || option == "-lineinfo" || option == "-restrict" || option == "-w") {
    } else if (starts(option, "-D") && option.size() > 2) {
      flags.push_back(option);
    } else if (starts(option, "-define-macro=")) {
      flags.push_back("-D" + option.substr(14));
    } else {
      die("NVRTC: the option %s is unknown to the stand-in", options[k]);
    }
  }
  if (!arch) die("NVRTC: without --gpu-architecture=sm_NN there is no CUBIN");
  if (__builtin_cpu_supports("fma")) flags.push_back("-mfma");
  flags.push_back(contract ? "-ffp-contract=fast" : "-ffp-contract=off");
  return flags;
}

// Runs g++; its messages go to the log.
bool run(const std::string& arguments, const std::string& folder, std::string& log) {
  std::string command = "cd " + folder + " && g++ " + arguments + " >log 2>&1";
  int status = system(command.c_str());
  log += read(folder + "/log");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The names after `__global__ ... void`, for the preprocessor left the marks STANDIN_GLOBAL.
std::string doors(const std::string& text) {
  std::string doors;
  std::set<std::string> seen;
  for (size_t at = 0; (at = text.find("STANDIN_GLOBAL", at)) != std::string::npos; at++) {
    size_t open = text.find('(', at), from = open;
    while (from > at && isspace((unsigned char)text[from - 1])) from--;
    size_t end = from;
    while (from > at && (isalnum((unsigned char)text[from - 1]) || text[from - 1] == '_')) from--;
    std::string name = text.substr(from, end - from);
    if (!seen.insert(name).second) continue;
    doors += "extern \"C\" unsigned long standin_run_" + name + "(const char* p) { return standin_run<" + name +
             ">(" + name + ", p); }\n";
  }
  return doors;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  std::string done;
  size_t begin = 0;
  for (size_t at; (at = text.find(from, begin)) != std::string::npos; begin = at + from.size()) {
    done.append(text, begin, at - begin).append(to);
  }
  text = done.append(text, begin);
}

bool compile(Program& p, const std::vector<std::string>& flags, const std::string& folder) {
  for (auto& [name, text] : p.headers) {
    if (name.find('/') != std::string::npos) die("NVRTC: the header %s names a folder", name.c_str());
    write(folder + "/" + name, text);
  }
  std::string name = p.name.empty() ? "default_program" : p.name;
  write(folder + "/source.cpp", std::string(PRELUDE) + "\n#line 1 \"" + name + "\"\n" + p.source);
  std::string options = "-std=c++17 -w -nostdinc -nostdinc++";
  std::string macros = " -I. -U__x86_64__ -U__linux__";
  for (auto& flag : flags) (starts(flag, "-D") ? macros : options) += " '" + flag + "'";
  if (!run(options + macros + " -E source.cpp -o marked.ii", folder, p.log)) return false;
  std::string text = read(folder + "/marked.ii");
  std::string tail = doors(text);
  replace(text, "STANDIN_GLOBAL", "");
  replace(text, "static STANDIN_SHARED", "STANDIN_SHARED");
  replace(text, "STANDIN_SHARED", "static __attribute__((section(\"standin_shared\"), used))");
  write(folder + "/whole.ii", text + "\n# 1 \"standin-doors\"\n" + tail);
  // Symbolic: a kernel named as a function of the C library is still the kernel.
  if (!run(options + " -O2 -g0 -fPIC -shared -Wl,-Bsymbolic -fno-gnu-unique -fno-exceptions -fno-rtti whole.ii" +
               " -o whole.so -lm",
           folder, p.log)) {
    return false;
  }
  p.image = read(folder + "/whole.so");
  return true;
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = (int)setting("STANDIN_NVRTC_MINOR", 0);
  return SUCCESS;
}

const char* nvrtcGetErrorString(int result) {
  switch (result) {
    case SUCCESS: return "NVRTC_SUCCESS";
    case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
    case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
    case COMPILATION: return "NVRTC_ERROR_COMPILATION";
    default: return "NVRTC_ERROR unknown";
  }
}

int nvrtcCreateProgram(void** handle, const char* source, const char* name, int headers, const char* const* texts,
                       const char* const* names) {
  if (!source || headers < 0) return INVALID_INPUT;
  std::lock_guard g(lock());
  auto p = std::make_shared<Program>();
  p->source = source;
  p->name = name ? name : "";
  for (int k = 0; k < headers; k++) p->headers.emplace_back(names[k], texts[k]);
  *handle = adopt(Program::KIND, p);
  return SUCCESS;
}

int nvrtcCompileProgram(void* handle, int count, const char* const* options) {
  auto p = program(handle, "nvrtcCompileProgram");
  std::vector<std::string> flags = translate(count, options);
  const char* root = getenv("TMPDIR");
  std::string folder = std::string(root && *root ? root : "/tmp") + "/standin-nvrtc-XXXXXX";
  if (!mkdtemp(folder.data())) die("NVRTC: no temporary folder %s", folder.c_str());
  bool done = compile(*p, flags, folder);
  std::string remove = "rm -r " + folder;
  if (system(remove.c_str())) die("NVRTC: cannot remove %s", folder.c_str());
  return done ? SUCCESS : COMPILATION;
}

int nvrtcGetProgramLogSize(void* handle, size_t* bytes) {
  *bytes = program(handle, "nvrtcGetProgramLogSize")->log.size() + 1;
  return SUCCESS;
}

int nvrtcGetProgramLog(void* handle, char* log) {
  auto p = program(handle, "nvrtcGetProgramLog");
  memcpy(log, p->log.c_str(), p->log.size() + 1);
  return SUCCESS;
}

int nvrtcGetCUBINSize(void* handle, size_t* bytes) {
  auto p = program(handle, "nvrtcGetCUBINSize");
  if (p->image.empty()) return INVALID_PROGRAM;
  *bytes = p->image.size();
  return SUCCESS;
}

int nvrtcGetCUBIN(void* handle, char* image) {
  auto p = program(handle, "nvrtcGetCUBIN");
  if (p->image.empty()) return INVALID_PROGRAM;
  memcpy(image, p->image.data(), p->image.size());
  return SUCCESS;
}

int nvrtcDestroyProgram(void** handle) {
  std::lock_guard g(lock());
  release(Program::KIND, *handle, "nvrtcDestroyProgram");
  *handle = nullptr;
  return SUCCESS;
}
}
