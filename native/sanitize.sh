#!/usr/bin/env bash
# Builds all native code with AddressSanitizer and UBSan and runs the programs of src/test/cpp, each
# a main of its own that calls kernels by name.
# Usage: sanitize.sh BUILD_DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1
src=$here/src/main/cpp
cxx=${CXX:-g++}
mkdir -p "$build"
common="-std=c++17 -O1 -g -w -fno-math-errno -fno-trapping-math -fsanitize=address,undefined -fno-sanitize-recover=undefined"
declare -A level=(
  [scalar]=""
  [avx2]="-mavx2 -mfma"
  [avx512]="-mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512")
objects=()
commands=()
for source in "$src"/*.cpp; do
  object=$build/$(basename "$source" .cpp).o
  objects+=("$object")
  commands+=("$cxx $common -c $source -o $object")
done
for source in "$src"/kernels/*.cpp; do
  for l in scalar avx2 avx512; do
    object=$build/$(basename "$source" .cpp).$l.o
    objects+=("$object")
    commands+=("$cxx $common ${level[$l]} -DBS_LEVEL=$l -c $source -o $object")
  done
done
for source in "$here"/src/test/cpp/*_test.cpp; do
  commands+=("$cxx $common -c $source -o $build/$(basename "$source" .cpp).o")
done
printf '%s\n' "${commands[@]}" | xargs -P "$(nproc)" -I{} sh -c '{}'
for source in "$here"/src/test/cpp/*_test.cpp; do
  name=$(basename "$source" .cpp)
  "$cxx" -fsanitize=address,undefined "$build/$name.o" "${objects[@]}" -o "$build/$name" -lpthread -ldl
  # The programs' buffers live until they end.
  ASAN_OPTIONS=detect_leaks=0 "$build/$name"
done
