// libnvrtc.so.13: g++ compiles the CUDA C, with the prelude before it and a door for each kernel behind it, to a
// shared object, which stands for the CUBIN.
#include <sys/wait.h>

#include <cctype>
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
  if (!(out << text).flush()) die("cannot write %s", path.c_str());
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  std::string done;
  size_t begin = 0;
  for (size_t at; (at = text.find(from, begin)) != std::string::npos; begin = at + from.size()) {
    done.append(text, begin, at - begin).append(to);
  }
  text = done.append(text, begin);
}

// The options in g++'s words: of the preprocessor, and of the compiler.
void translate(int count, const char* const* options, std::string& macros, std::string& flags) {
  bool contract = true, arch = false;
  for (int k = 0; k < count; k++) {
    std::string option = options[k];
    if (option.rfind("--", 0) == 0) option.erase(0, 1);
    size_t equals = option.find('=');
    std::string name = option.substr(0, equals), value = equals == std::string::npos ? "" : option.substr(equals + 1);
    if (name == "-gpu-architecture" || name == "-arch") {
      if (value.rfind("sm_", 0)) die("NVRTC: %s asks for PTX; only a CUBIN (=sm_NN) is supported", options[k]);
      macros += " -D__CUDA_ARCH__=" + value.substr(3) + "0";
      arch = true;
    } else if (name == "-fmad" && (value == "true" || value == "false")) {
      contract = value == "true";
    } else if (name.rfind("-D", 0) == 0 && name.size() > 2) {
      macros += " '" + option + "'";
    } else if (option != "-std=c++17" && option != "-lineinfo" && option != "-restrict" && option != "-w") {
      die("NVRTC: the option %s is unknown to the stand-in", options[k]);
    }
  }
  if (!arch) die("NVRTC: without --gpu-architecture=sm_NN there is no CUBIN");
  flags += std::string(__builtin_cpu_supports("fma") ? " -mfma" : "") + " -ffp-contract=" + (contract ? "fast" : "off");
}

// A function for each kernel, which is what has a name before the `(` behind STANDIN_GLOBAL.
std::string doors(const std::string& text) {
  std::string doors;
  std::set<std::string> seen;
  for (size_t at = 0; (at = text.find("STANDIN_GLOBAL", at)) != std::string::npos; at++) {
    size_t end = text.find('(', at);
    while (end > at && isspace((unsigned char)text[end - 1])) end--;
    size_t from = end;
    while (from > at && (isalnum((unsigned char)text[from - 1]) || text[from - 1] == '_')) from--;
    std::string name = text.substr(from, end - from);
    if (!seen.insert(name).second) continue;
    doors += "extern \"C\" unsigned long standin_run_" + name + "(const char* p) { return standin_run<" + name + ">(" +
             name + ", p); }\n";
  }
  return doors;
}

// Runs g++; its messages go to the log.
bool run(const std::string& arguments, const std::string& folder, std::string& log) {
  int status = system(("cd " + folder + " && g++ " + arguments + " >log 2>&1").c_str());
  log += read(folder + "/log");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool compile(Program& p, int count, const char* const* options, const std::string& folder) {
  std::string macros = " -DSTANDIN=1 -I. -U__x86_64__ -U__linux__", flags = "-std=c++17 -w -nostdinc -nostdinc++";
  translate(count, options, macros, flags);
  for (auto& [name, text] : p.headers) write(folder + "/" + name, text);
  write(folder + "/source.cpp", std::string(PRELUDE) + "\n#line 1 \"" + p.name + "\"\n" + p.source);
  if (!run(flags + macros + " -E source.cpp -o marked.ii", folder, p.log)) return false;
  std::string text = read(folder + "/marked.ii"), tail = doors(text);
  replace(text, "STANDIN_GLOBAL", "");
  replace(text, "static STANDIN_SHARED", "STANDIN_SHARED");
  replace(text, "STANDIN_SHARED", "static __attribute__((section(\"standin_shared\"), used))");
  write(folder + "/whole.ii", text + "\n# 1 \"standin-doors\"\n" + tail);
  flags += " -O2 -g0 -fPIC -shared -Wl,-Bsymbolic -fno-gnu-unique -fno-exceptions -fno-rtti";
  if (!run(flags + " whole.ii -o whole.so -lm", folder, p.log)) return false;
  p.image = read(folder + "/whole.so");
  return true;
}

}  // namespace

#define RESULT extern "C" int

// The minor version tells preludes apart, so that nobody keeps images of another one in a cache.
RESULT nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = (int)(std::hash<std::string>()(PRELUDE) % 10000);
  return SUCCESS;
}

extern "C" const char* nvrtcGetErrorString(int result) {
  return result == SUCCESS           ? "NVRTC_SUCCESS"
         : result == INVALID_INPUT   ? "NVRTC_ERROR_INVALID_INPUT"
         : result == INVALID_PROGRAM ? "NVRTC_ERROR_INVALID_PROGRAM"
         : result == COMPILATION     ? "NVRTC_ERROR_COMPILATION"
                                     : "NVRTC_ERROR unknown";
}

RESULT nvrtcCreateProgram(void** handle, const char* source, const char* name, int headers, const char* const* texts,
                          const char* const* names) {
  if (!source || headers < 0) return INVALID_INPUT;
  auto p = std::make_shared<Program>();
  p->source = source;
  p->name = name ? name : "default_program";
  for (int k = 0; k < headers; k++) p->headers.emplace_back(names[k], texts[k]);
  std::lock_guard g(lock());
  return *handle = adopt(Program::KIND, p), SUCCESS;
}

RESULT nvrtcCompileProgram(void* handle, int count, const char* const* options) {
  auto p = program(handle, __func__);
  const char* root = getenv("TMPDIR");
  std::string folder = std::string(root && *root ? root : "/tmp") + "/standin-nvrtc-XXXXXX";
  if (!mkdtemp(folder.data())) die("NVRTC: no temporary folder %s", folder.c_str());
  bool done = compile(*p, count, options, folder);
  if (system(("rm -r " + folder).c_str())) die("NVRTC: cannot remove %s", folder.c_str());
  return done ? SUCCESS : COMPILATION;
}

RESULT nvrtcGetProgramLogSize(void* handle, size_t* bytes) {
  return *bytes = program(handle, __func__)->log.size() + 1, SUCCESS;
}

RESULT nvrtcGetProgramLog(void* handle, char* log) {
  auto p = program(handle, __func__);
  return memcpy(log, p->log.c_str(), p->log.size() + 1), SUCCESS;
}

RESULT nvrtcGetCUBINSize(void* handle, size_t* bytes) {
  *bytes = program(handle, __func__)->image.size();
  return *bytes ? SUCCESS : INVALID_PROGRAM;
}

RESULT nvrtcGetCUBIN(void* handle, char* image) {
  auto p = program(handle, __func__);
  return memcpy(image, p->image.data(), p->image.size()), SUCCESS;
}

RESULT nvrtcDestroyProgram(void** handle) {
  std::lock_guard g(lock());
  release(Program::KIND, *handle, __func__);
  return *handle = nullptr, SUCCESS;
}
