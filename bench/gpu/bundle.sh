#!/usr/bin/env bash
# Builds the bundle of the check on a GPU: a small Java runtime, our classes and their tests, the jars that they need
# and MNIST's test files, for a machine that has an NVIDIA driver and NVIDIA's libraries, but no Java, no Maven and no
# network. Same input, same bytes. At most 45 MiB, else it fails.
# usage: bench/gpu/bundle.sh OUT_DIR
# Needs a JDK 17 or later with jlink, Maven, xz, and BLINDSPOT_DATA (with mnist/t10k-*.gz). MAVEN_FLAGS adds flags
# (example: -o).
set -euo pipefail
limit_mib=45
modules=java.base,java.desktop,java.logging,java.management,java.net.http,java.xml,jdk.management,jdk.unsupported,jdk.zipfs
bindings=cudart,cublas,cudnn,nvrtc
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

fail() {
  echo "bundle: $*" >&2
  exit 1
}

[ $# -eq 1 ] || { sed -n 5,8p "$0" >&2; exit 64; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
jdk=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}
[ -x "$jdk/bin/jlink" ] || fail "no jlink under $jdk; set JAVA_HOME to a JDK 17 or later with its jmods."
command -v xz >/dev/null || fail "no xz found; install xz-utils."
mnist=${BLINDSPOT_DATA:-}/mnist
[ -f "$mnist/t10k-images-idx3-ubyte.gz" ] ||
  fail "no $mnist/t10k-images-idx3-ubyte.gz; set BLINDSPOT_DATA to a folder that has mnist/."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# pack FOLDER ARCHIVE
pack() {
  tar -C "$1" --sort=name --mtime=@1577836800 --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r -cf - . |
    xz -T1 -9e >"$2.part"
  mv "$2.part" "$2"
}

# fresh ARCHIVE KEY: it was made of the same input
fresh() {
  [ -f "$out/$1" ] && [ "$(cat "$out/.$1.key" 2>/dev/null)" = "$2" ]
}

echo "bundle: building" >&2
# shellcheck disable=SC2206 # several flags in one variable are meant
maven=(mvn -q -B -f "$root/pom.xml" ${MAVEN_FLAGS:-})
junit=$(sed -n 's:.*<junit.version>5\.\(.*\)</junit.version>.*:\1:p' "$root/pom.xml")
"${maven[@]}" -DskipTests -Dspotless.check.skip=true package dependency:copy-dependencies -DincludeScope=test \
  -DexcludeGroupIds=dev.blindspot -DoutputDirectory="$tmp/jars" >&2
"${maven[@]}" -N dependency:copy -Dartifact="org.junit.platform:junit-platform-console-standalone:1.$junit" \
  -DoutputDirectory="$tmp/jars" >&2

# 1. the runtime
key=$({ "$jdk/bin/java" -version 2>&1 && echo "$modules"; } | sha256sum | cut -d' ' -f1)
if ! fresh runtime.tar.xz "$key"; then
  compress=0
  [ "$("$jdk/bin/jlink" --version | cut -d. -f1)" -lt 21 ] || compress=zip-0 # the outer xz does better
  "$jdk/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --compress="$compress" \
    --output "$tmp/runtime"
  find "$tmp/runtime" -name '*.so' -exec strip --strip-unneeded {} + 2>/dev/null || true
  pack "$tmp/runtime" "$out/runtime.tar.xz"
  echo "$key" >"$out/.runtime.tar.xz.key"
fi

# 2. the jars: of natives only what is used here; JUnit comes in its stand-alone form
mapfile -t jars < <(find "$tmp/jars" -name '*.jar' | LC_ALL=C sort |
  grep -vE -- '/(junit-jupiter|junit-platform-(commons|engine|launcher)|opentest4j|apiguardian|archunit|slf4j)[^/]*\.jar$')
key=$({ for jar in "${jars[@]}"; do basename "$jar" && sha256sum <"$jar"; done && echo "$bindings" &&
  cat "$here/Repack.java"; } | sha256sum | cut -d' ' -f1)
if ! fresh libs.tar.xz "$key"; then
  mkdir -p "$tmp/libs"
  "$jdk/bin/java" "$here/Repack.java" "$tmp/libs" "$bindings" "${jars[@]}"
  pack "$tmp/libs" "$out/libs.tar.xz"
  echo "$key" >"$out/.libs.tar.xz.key"
fi

# 3. our classes, their tests, the data: what changes
mkdir -p "$tmp/app/classes" "$tmp/app/tests" "$tmp/app/data/mnist"
for module in native engine nn attacks bench; do
  cp -r "$root/$module/target/classes" "$tmp/app/classes/$module"
done
for module in engine attacks; do
  cp -r "$root/$module/target/test-classes" "$tmp/app/tests/$module"
done
cp "$mnist"/t10k-*.gz "$tmp/app/data/mnist/"
git -C "$root" describe --always --dirty >"$tmp/app/commit" 2>/dev/null || echo unknown >"$tmp/app/commit"
pack "$tmp/app" "$out/app.tar.xz"
scripts=(run-gpu.sh torch_ref.py torch_conv.py torch_attack.py torch_lbfgs.py timing.py results.py ratios.py)
(cd "$here" && cp "${scripts[@]}" "$out/")
"${CC:-cc}" -std=c11 -O2 -o "$out/launch" "$here/launch.c" -ldl

files=(runtime.tar.xz libs.tar.xz app.tar.xz launch "${scripts[@]}")
(cd "$out" && sha256sum "${files[@]}" >MANIFEST)
(cd "$out" && wc -c "${files[@]}") | awk '{printf "%10d  %s\n", $1, $2}' >&2
bytes=$(cd "$out" && cat "${files[@]}" MANIFEST | wc -c)
[ "$bytes" -le $((limit_mib * 1048576)) ] || fail "$bytes bytes are over $limit_mib MiB."
echo "bundle: $out, $((bytes / 1024)) KiB of $((limit_mib * 1024))" >&2
