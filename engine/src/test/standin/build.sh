#!/bin/sh
# Builds the stand-ins for NVIDIA's libraries, under the real sonames, into OUT_DIR; only what is stale.
# usage: build.sh OUT_DIR [test]   test: also builds and runs the stand-ins' own test
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
flags="-std=c++17 -O2 -fPIC -Wall -Wextra -I$here -I$out"

# stale TARGET: some source is newer than the target
stale() {
  [ ! -e "$1" ] || [ -n "$(find "$here" -newer "$1" -name '*.*' -print | head -1)" ]
}

# library SONAME EXPORTS SOURCE...: EXPORTS are patterns of symbols, versioned by the soname; none for libcuda
library() {
  soname=$1 exports=$2
  shift 2
  stale "$out/$soname" || return 0
  sources=
  for source in "$@"; do sources="$sources $here/$source"; done
  link="-shared -Wl,-soname,$soname -Wl,-rpath,\$ORIGIN -Wl,--no-undefined"
  if [ -n "$exports" ]; then
    echo "$soname { global: $exports local: *; };" > "$out/$soname.map"
    link="$link -Wl,--version-script=$out/$soname.map -L$out -l:libcuda.so.1"
  fi
  # shellcheck disable=SC2086
  g++ $flags $sources -o "$out/$soname.new" $link -ldl -lpthread
  mv "$out/$soname.new" "$out/$soname"
}

if stale "$out/prelude.inc"; then
  { printf 'R"standin(\n'; cat "$here/block.h" ; printf ')standin" R"standin(\n'; cat "$here/prelude.h"; printf ')standin"\n'; } > "$out/prelude.inc"
fi
library libcuda.so.1 "" core.cpp fibers.cpp driver.cpp
library libcudart.so.13 "cuda*;" runtime.cpp
library libnvrtc.so.13 "nvrtc*;" nvrtc.cpp

[ "${2-}" = test ] || exit 0
if stale "$out/selftest"; then
  # shellcheck disable=SC2086
  g++ $flags "$here/selftest.cpp" -o "$out/selftest" -L"$out" -Wl,-rpath,"$out" -l:libcudart.so.13 \
    -l:libnvrtc.so.13 -l:libcuda.so.1
fi
"$out/selftest"
