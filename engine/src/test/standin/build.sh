#!/bin/sh
# Builds the stand-ins for NVIDIA's libraries, under the real sonames, into OUT_DIR; only what is stale.
# usage: build.sh OUT_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
flags="-std=c++17 -O3 -fPIC -Wall -Wextra -I$here"

# stale TARGET SOURCE...: some source or header is newer than the target
stale() {
  target=$1
  shift
  [ -e "$target" ] || return 0
  for source in "$@" "$here"/*.h "$here/build.sh"; do
    [ "$source" -nt "$target" ] && return 0
  done
  return 1
}

# library SONAME EXPORTS OBJECT...: EXPORTS are patterns of symbols, versioned by the soname; none for libcuda
library() {
  soname=$1 exports=$2
  shift 2
  stale "$out/$soname" "$@" || return 0
  link="-shared -Wl,-soname,$soname -Wl,-rpath,\$ORIGIN -Wl,--no-undefined"
  if [ -n "$exports" ]; then
    echo "$soname { global: $exports local: *; };" > "$out/$soname.map"
    link="$link -Wl,--version-script=$out/$soname.map -L$out -l:libcuda.so.1"
  fi
  # shellcheck disable=SC2086
  g++ "$@" -o "$out/$soname.new" $link -ldl -lpthread
  mv "$out/$soname.new" "$out/$soname"
}

cd "$here"
for file in block.h prelude.h compile.sh; do  # what the stand-in NVRTC compiles with
  cmp -s "$file" "$out/$file" || cp "$file" "$out/$file"
done
for unit in *.cpp; do
  if stale "$out/${unit%.cpp}.o" "$unit"; then echo "${unit%.cpp}"; fi
done | xargs -r -P 2 -I NAME g++ $flags -c NAME.cpp -o "$out/NAME.o"

cd "$out"
library libcuda.so.1 "" driver.o
library libcudart.so.13 "cuda*;" runtime.o
library libnvrtc.so.13 "nvrtc*;" nvrtc.o
library libcublas.so.13 "cublas*;"  # only loaded
library libcublasLt.so.13 "cublasLt*;" cublaslt.o
library libcudnn_graph.so.9 "cudnn*;" cudnn_backend.o
library libcudnn_ops.so.9 "cudnn*;" cudnn_ops.o
library libcudnn_cnn.so.9 "cudnn*;" cudnn_conv.o
library libcudnn_adv.so.9 "cudnn*;"  # only loaded

