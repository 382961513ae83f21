#!/bin/sh
# Builds the stand-ins for NVIDIA's libraries, under the real sonames, into OUT_DIR; only what is stale.
# usage: build.sh OUT_DIR [test]   test: also builds and runs the stand-ins' own test
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
flags="-std=c++17 -O3 -fPIC -Wall -Wextra -I$here -I$out"

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
if stale "$out/prelude.inc"; then
  { printf 'R"standin(\n'; cat block.h; printf ')standin" R"standin(\n'; cat prelude.h; printf ')standin"\n'; } \
    > "$out/prelude.inc"
fi
for unit in *.cpp; do
  if stale "$out/${unit%.cpp}.o" "$unit"; then echo "${unit%.cpp}"; fi
done | xargs -r -P 2 -I NAME g++ $flags -c NAME.cpp -o "$out/NAME.o"

cd "$out"
library libcuda.so.1 "" core.o fibers.o driver.o numbers.o
library libcudart.so.13 "cuda*;" runtime.o
library libnvrtc.so.13 "nvrtc*;" nvrtc.o
library libcublas.so.13 "cublas*;"  # only loaded
library libcublasLt.so.13 "cublasLt*;" cublaslt.o
library libcudnn_graph.so.9 "cudnn*;" cudnn_graph.o cudnn_backend.o
library libcudnn_ops.so.9 "cudnn*;" cudnn_ops.o
library libcudnn_cnn.so.9 "cudnn*;" cudnn_conv.o
library libcudnn_adv.so.9 "cudnn*;"  # only loaded

[ "${2-}" = test ] || exit 0
if stale selftest selftest.o libcuda.so.1; then
  g++ selftest.o -o selftest -L. -Wl,-rpath,"$out" -l:libcudart.so.13 -l:libnvrtc.so.13 -l:libcuda.so.1 \
    -l:libcublasLt.so.13 -l:libcudnn_graph.so.9 -l:libcudnn_ops.so.9 -l:libcudnn_cnn.so.9
fi
./selftest
