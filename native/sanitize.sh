#!/usr/bin/env bash
# Builds all native code and the program of src/test/cpp with AddressSanitizer and UBSan, and runs it:
# every kernel at every level of this machine.
# Usage: sanitize.sh BUILD_DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1
src=$here/src/main/cpp
tests=$here/src/test/cpp
program=$build/kernels-test
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
  echo "native: SKIPPED the sanitizer program: no kernels for $(uname -s)-$(uname -m)"
  exit 0
fi
cxx=${CXX:-g++}
mkdir -p "$build"
sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
common="-std=c++17 -O1 -g1 -fno-omit-frame-pointer -fno-math-errno -fno-trapping-math $sanitizers"
# Fixed addresses where that is allowed: old AddressSanitizers fail now and then with random ones.
run=()
if setarch -R true 2>"$build/setarch.log"; then run=(setarch -R); fi

if ! echo 'int main() { return 0; }' | "$cxx" $sanitizers -x c++ - -o "$build/probe" 2>"$build/probe.log" ||
  ! "${run[@]}" "$build/probe" 2>>"$build/probe.log"; then
  echo "native: SKIPPED the sanitizer program: $cxx has no working AddressSanitizer and UBSan (see" \
    "$build/probe.log); install libasan and libubsan of its version"
  exit 0
fi

# A change of compiler or of these scripts rebuilds everything.
stamp="$("$cxx" --version | head -1) $(cat "$here/sanitize.sh" "$here/levels.sh" | cksum)"
if [ "$(cat "$build/stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -f "$build"/*.o "$program"
  echo "$stamp" >"$build/stamp"
fi
newest_header=$(find "$src" "$tests" -name '*.h' -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)
todo=()
objects=()
add() { # object source flags...
  local object=$1 source=$2
  shift 2
  objects+=("$object")
  if [ ! -f "$object" ] || [ "$source" -nt "$object" ] || [ "$newest_header" -nt "$object" ]; then
    todo+=("$cxx $common $* -c $source -o $object")
  fi
}
. "$here/levels.sh"
for source in "$src"/kernels/*.cpp; do
  for l in $(levels "$source"); do
    add "$build/$(basename "$source" .cpp).$l.o" "$source" -Wno-unknown-pragmas "${level[$l]}" "-DBS_LEVEL=$l"
  done
done
for source in "$src"/*.cpp; do
  # The program has its own memory.cpp.
  [ "$(basename "$source")" = memory.cpp ] || add "$build/$(basename "$source" .cpp).o" "$source" $amx
done
for source in "$tests"/*.cpp; do
  add "$build/test-$(basename "$source" .cpp).o" "$source" -Wall -Wextra -Werror
done
if [ ${#todo[@]} -gt 0 ]; then
  printf '%s\n' "${todo[@]}" | xargs -P "$(nproc)" -I{} sh -c '{}'
  rm -f "$program"
fi
[ -f "$program" ] || "$cxx" $sanitizers "${objects[@]}" -o "$program" -lpthread -ldl
UBSAN_OPTIONS=print_stacktrace=1 "${run[@]}" "$program"
