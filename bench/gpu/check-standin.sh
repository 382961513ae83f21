#!/usr/bin/env bash
# Proves on a machine without a GPU that the bundle unpacks and runs: builds it, then runs a few classes of the
# conformance suite, the attacks' tests and every benchmark once, on the stand-ins for NVIDIA's libraries of the
# engine's tests; and the tests of the scripts that need no PyTorch. Not a measurement.
# usage: bench/gpu/check-standin.sh [WORK_DIR]     Needs what bundle.sh needs, and g++.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
sh "$root/engine/src/test/standin/build.sh" "$work/stand-in"
"$here/bundle.sh" "$work/bundle"

# Elsewhere, without what this machine has: only the bundle and the stand-ins.
gpu() {
  env -u BLINDSPOT_DATA -u BLINDSPOT_CACHE -u JAVA_HOME -u LD_LIBRARY_PATH PATH=/usr/bin:/bin QUICK=1 \
    OUT="$work/results" GPU_WORK="$work/unpacked" GPU_LIB_DIRS="$work/stand-in" GPU_PYTHON=/nonexistent \
    "$work/bundle/run-gpu.sh" "$@"
}
rm -rf "$work/unpacked" "$work/results"
gpu where | grep 'cuda *works'
gpu conformance ElementwiseConformanceTest LayerConformanceTest DenseConformanceTest
gpu java -Dblindspot.test.backend=cuda org.junit.platform.console.ConsoleLauncher execute --disable-banner \
  --details=summary --select-class=dev.blindspot.attacks.LinearModelTest
python3 -m unittest discover -s "$here"
gpu bench
PRECISIONS=TF32 gpu speed
grep -q '"cache" : "cold"' "$work/results/conv-TF32-NHWC-one-1.json"
grep -q '"what": "lbfgs over SciPy' "$work/results/ratios.json"
grep -q '"format" : "blindspot-launch-1"' "$work/results/launch.json"
grep -q 'a node of a graph replay, us  *<= 1.00  *[0-9]' "$work/results/ratios.txt"
grep -q 'over a C loop  *<= 1.00  *[-0-9]' "$work/results/ratios.txt"
grep -q 'relu .* of the copy bandwidth  *>= 0.80  *[0-9]' "$work/results/ratios.txt"
grep -q '"format" : "blindspot-primitives-1"' "$work/results/primitives.json"
echo "check-standin: the bundle runs; results are in $work/results"
