#!/usr/bin/env bash
# Builds libjniblindspot.so with g++: the kernels once for each instruction-set level, the rest for
# baseline x86-64, and the binding that JavaCPP generates.
# Usage: build.sh JAVACPP_JAR CLASSES_DIR BUILD_DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
javacpp=$1 classes=$2 build=$3
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
  echo "native: no kernels for $(uname -s)-$(uname -m); only the reference backend will be available"
  exit 0
fi
cxx=${CXX:-g++}
if ! command -v "$cxx" >/dev/null; then
  echo "native: no C++ compiler: '$cxx' was not found; install one (Debian, Ubuntu: apt-get install g++)" >&2
  exit 1
fi
java_home=${JAVA_HOME:-}
if [ -z "$java_home" ] || [ ! -f "$java_home/include/jni.h" ]; then
  java_home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
fi
if [ ! -f "$java_home/include/jni.h" ]; then
  echo "native: $java_home has no include/jni.h; set JAVA_HOME to a JDK" >&2
  exit 1
fi
src=$here/src/main/cpp
out=$classes/dev/blindspot/kernels/linux-x86_64
library=$out/libjniblindspot.so
# Which object file each part of the library came from: the disassembly test reads it.
library_map=$build/libjniblindspot.map
mkdir -p "$build" "$out"

# A change of compiler or of these scripts rebuilds everything.
stamp="$("$cxx" --version | head -1) $(cat "$here/build.sh" "$here/levels.sh" | cksum)"
if [ "$(cat "$build/stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "${build:?}"/*
  echo "$stamp" >"$build/stamp"
fi

jni=$build/jniblindspot.cpp
class=$classes/dev/blindspot/kernels/Kernels.class
if [ ! -f "$jni" ] || [ "$class" -nt "$jni" ]; then
  "$java_home/bin/java" -cp "$javacpp:$classes" org.bytedeco.javacpp.tools.Builder \
    -nocompile -classpath "$classes" -d "$build" dev.blindspot.kernels.Kernels >/dev/null
  touch "$jni"
fi

common=(-std=c++17 -O3 -g1 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-math-errno
  -fno-trapping-math -ffp-contract=off -Wall -Wextra -Werror -Wno-unknown-pragmas)
. "$here/levels.sh"

# Intel's cores from Skylake to Cascade Lake do not keep decoded instructions round a jump that crosses or ends at a
# multiple of 32 bytes: loops lose up to a third of their speed by where they happen to lie.
padding=-Wa,-mbranches-within-32B-boundaries
if echo | "$cxx" -x c++ "$padding" -c -o "$build/probe.o" - 2>"$build/probe.log"; then
  for l in "${!level[@]}"; do
    [ "$l" = scalar ] || level[$l]+=" $padding"
  done
fi

newest_header=$(find "$src" -name '*.h' -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)
todo=()
objects=()
add() { # object source flags...
  local object=$1 source=$2
  shift 2
  objects+=("$object")
  if [ ! -f "$object" ] || [ "$source" -nt "$object" ] || [ "$newest_header" -nt "$object" ]; then
    todo+=("$cxx $* -c $source -o $object")
  fi
}
for source in "$src"/*.cpp; do
  add "$build/$(basename "$source" .cpp).o" "$source" "${common[@]}" $amx
done
for source in "$src"/kernels/*.cpp; do
  contract=-ffp-contract=fast
  # Random numbers must have the bits of every other backend: no fused multiply-add.
  grep -q 'BS_NO_CONTRACTION' "$source" && contract=-ffp-contract=off
  for l in $(levels "$source"); do
    add "$build/$(basename "$source" .cpp).$l.o" "$source" "${common[@]}" "${level[$l]}" "$contract" "-DBS_LEVEL=$l"
  done
done
for name in jniblindspot jnijavacpp; do
  add "$build/$name.o" "$build/$name.cpp" -O2 -fPIC -fvisibility=hidden -w "-I$src" "-I$java_home/include" \
    "-I$java_home/include/linux"
done

if [ ${#todo[@]} -gt 0 ]; then
  printf '%s\n' "${todo[@]}" | xargs -P "$(nproc)" -I{} sh -c '{}'
fi
if [ ${#todo[@]} -gt 0 ] || [ ! -f "$library" ]; then
  "$cxx" -shared -o "$library.new" "${objects[@]}" -static-libstdc++ -static-libgcc -Wl,--no-undefined,-z,defs \
    -Wl,--exclude-libs,ALL "-Wl,-Map=$library_map" -lpthread -ldl
  mv "$library.new" "$library"
fi
