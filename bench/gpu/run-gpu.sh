#!/usr/bin/env bash
# Runs the bundle beside it on a machine with an NVIDIA driver and NVIDIA's libraries (Python packages, toolkit or
# system). Results go to the folder $OUT (default: blindspot-gpu in the current one).
#   run-gpu.sh where         which libraries would be used, and what doctor says
#   run-gpu.sh conformance   the conformance suite on cuda in FP32, TF32 and BF16 (or: conformance CLASS...)
#   run-gpu.sh attacks       the attacks' tests; one network trained on both devices; audits of one network on both
#   run-gpu.sh bench         times of primitives and of an attack's step
#   run-gpu.sh launch        times of launches, library calls and graph nodes; the same call in a C loop; copies
#   run-gpu.sh torch         PyTorch's times of the same work (needs a Python with torch)
#   run-gpu.sh speed         convolutions, attacks and L-BFGS in turn with PyTorch's; ratios.json, ratios.txt
#   run-gpu.sh all           everything, and a summary: summary.json, summary.txt
#   run-gpu.sh cli ARGS...   Blindspot's command line
#   run-gpu.sh java ARGS...  java with the bundle's class path
# Environment: OUT; GPU_LIB_DIRS (folders searched first, separated by colons); GPU_PYTHON; GPU_WORK (where to unpack);
# EXAMPLES (of an audit, default 200); ROUNDS (of speed, default 3); DEVICE (cuda); QUICK=1 (see that everything runs,
# measure nothing); JAVA_OPTS.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mode=${1:-}
[ $# -eq 0 ] || shift
say() { printf '%s\n' "$*" >&2; }

python=
for candidate in "${GPU_PYTHON:-}" python3 python; do
  [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 && { python=$(command -v "$candidate") && break; }
done

# ---- Unpack once
hash=$(sha256sum <"$here/MANIFEST" | cut -c1-12)
work=${GPU_WORK:-${TMPDIR:-/tmp}/blindspot-gpu-$hash}
unpack() { # ARCHIVE FOLDER
  mkdir -p "$2" || return 1
  if command -v xz >/dev/null 2>&1 && tar -C "$2" -xJf "$1" 2>/dev/null; then return 0; fi
  [ -n "$python" ] && "$python" - "$1" "$2" <<'P'
import sys, tarfile
with tarfile.open(sys.argv[1], "r:xz") as archive:
    try:
        archive.extractall(sys.argv[2], filter="tar")
    except TypeError:
        archive.extractall(sys.argv[2])
P
}
if [ ! -f "$work/.done" ]; then
  rm -rf "$work"
  for part in runtime libs app; do
    unpack "$here/$part.tar.xz" "$work/$part" ||
      { say "cannot unpack $here/$part.tar.xz: neither xz nor a Python with lzma worked" && exit 3; }
  done
  # There is only MNIST's test split here: networks are trained and measured on the same images.
  for kind in images-idx3 labels-idx1; do
    ln -sf "t10k-$kind-ubyte.gz" "$work/app/data/mnist/train-$kind-ubyte.gz"
  done
  touch "$work/.done"
fi
java=$work/runtime/bin/java

# ---- NVIDIA's libraries: given folders, Python packages, the linker's cache, toolkit and system folders
need="libcudart.so.13 libnvrtc.so.13 libcublasLt.so.13 libcublas.so.13 libcudnn_graph.so.9 libcudnn_ops.so.9 libcudnn_cnn.so.9 libcudnn_adv.so.9"
folders=()
add() {
  local f
  for f in "$@"; do
    [ -d "$f" ] || continue
    f=$(cd "$f" && pwd -P)
    case " ${folders[*]-} " in *" $f "*) ;; *) folders+=("$f") ;; esac
  done
}
IFS=: read -r -a given <<<"${GPU_LIB_DIRS:-}"
add "${given[@]}"
if [ -n "$python" ]; then
  while IFS= read -r f; do add "$f"; done < <("$python" - <<'P' 2>/dev/null
import glob, os, site, sys, sysconfig
roots = sys.path + site.getsitepackages() + [site.getusersitepackages(), sysconfig.get_path("purelib")]
for root in dict.fromkeys(r for r in roots if r and os.path.isdir(r)):
    first = [os.path.join(root, "nvidia", "cu13", "lib"), os.path.join(root, "nvidia", "cudnn", "lib")]
    for folder in dict.fromkeys(first + sorted(glob.glob(os.path.join(root, "nvidia", "*", "lib")))):
        print(folder)
P
  )
fi
IFS=: read -r -a before <<<"${LD_LIBRARY_PATH:-}"
add "${before[@]}"
ldconfig=$(command -v ldconfig || echo /sbin/ldconfig)
cached() { "$ldconfig" -p 2>/dev/null | awk -v s="$1" '$1 == s && /x86-64/ {print $NF; exit}'; }
for library in $need; do
  f=$(cached "$library")
  [ -z "$f" ] || add "$(dirname "$f")"
done
add ${CUDA_HOME:+"$CUDA_HOME/lib64"} /usr/local/cuda/lib64 /usr/local/cuda-13*/lib64 /usr/lib/x86_64-linux-gnu /usr/lib64

# One folder a library, the first that has it: the parts of one library must not come from two places.
use=() missing=() table=
for library in $need; do
  found=
  for f in "${folders[@]}"; do
    [ -e "$f/$library" ] && { found=$f && break; }
  done
  if [ -z "$found" ]; then
    missing+=("$library")
    table+=$(printf '  %-22s MISSING' "$library")$'\n'
    continue
  fi
  table+=$(printf '  %-22s %s' "$library" "$(readlink -f "$found/$library")")$'\n'
  case " ${use[*]-} " in *" $found "*) ;; *) use+=("$found") ;; esac
done
driver=$(cached libcuda.so.1)
if [ -z "$driver" ]; then
  for f in "${folders[@]}" /usr/local/nvidia/lib64 /usr/lib/wsl/lib; do
    if [ -e "$f/libcuda.so.1" ]; then
      driver=$f/libcuda.so.1
      case " ${use[*]-} " in *" $f "*) ;; *) use+=("$f") ;; esac
      break
    fi
  done
fi
table+=$(printf '  %-22s %s' libcuda.so.1 "${driver:-MISSING (is there an NVIDIA driver?)}")$'\n'
path=$(IFS=: && echo "${use[*]-}")
export LD_LIBRARY_PATH="$path${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
unset LD_BIND_NOW # functions newer than the installed libraries stay unresolved until they are called
[ ${#missing[@]} -eq 0 ] || say "not found: ${missing[*]}; set GPU_LIB_DIRS, or install CUDA 13 and cuDNN 9"

# ---- Java
out=${OUT:-$PWD/blindspot-gpu}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 3
export BLINDSPOT_CACHE=$work/cache BLINDSPOT_DATA=$work/app/data
flags=(-Djava.awt.headless=true -Dorg.bytedeco.javacpp.maxBytes=0 -Dorg.bytedeco.javacpp.maxPhysicalBytes=0
  -Dorg.bytedeco.javacpp.cachedir="$work/javacpp" -Dorg.bytedeco.javacpp.platform.linkpath="$path")
[ "$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')" -lt 22 ] ||
  flags+=(--enable-native-access=ALL-UNNAMED)
# shellcheck disable=SC2206 # several flags in one variable are meant
flags+=(${JAVA_OPTS:-})
class_path=
for f in "$work"/app/classes/* "$work"/app/tests/* "$work"/libs/*.jar; do class_path+=${class_path:+:}$f; done

# Tests take implementations by order; what is timed chooses by measurement, as cudnn.benchmark does.
tune=off
run() { "$java" -Dblindspot.tune="$tune" "${flags[@]}" -cp "$class_path" "$@"; }
cli() { run dev.blindspot.bench.cli.Main "$@"; }
junit() { # NAME ARGS...: prints the summary, keeps everything
  local name=$1
  shift
  run "${properties[@]}" org.junit.platform.console.ConsoleLauncher execute --disable-banner --details=tree \
    --disable-ansi-colors --reports-dir="$out/$name" "$@" >"$out/$name.txt" 2>&1
  local status=$?
  say "== $name: exit status $status"
  grep -E '^\[ +[0-9]+ tests (found|successful|failed|aborted)' "$out/$name.txt" >&2
  return $status
}
steps=()
step() { # NAME COMMAND...
  local name=$1 start=$SECONDS status
  shift
  "$@"
  status=$?
  steps+=("$name $status $((SECONDS - start))")
  return $status
}

where() {
  command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
  printf '%s' "$table"
  echo "python: ${python:-none}, commit $(cat "$work/app/commit")"
  cli doctor
}

conformance() {
  local selection=(--select-package=dev.blindspot.engine.conformance) libraries=(--select-package=dev.blindspot.engine.cuda)
  local failed=0 precision class
  if [ $# -gt 0 ]; then
    selection=() libraries=()
    for class in "$@"; do selection+=(--select-class="dev.blindspot.engine.conformance.$class"); done
  fi
  for precision in ${PRECISIONS:-FP32 TF32 BF16}; do
    properties=(-Dblindspot.test.backend=cuda -Dblindspot.test.precision="$precision")
    step "conformance-$precision" junit "conformance-$precision" "${selection[@]}" \
      ${libraries[@]+"${libraries[@]}"} || failed=1
    libraries=() # these choose their precisions themselves
  done
  return $failed
}

# What the GPU trained is at most half a percent worse.
accuracies() { # MODEL
  local cpu cuda
  cpu=$(sed -n 's/.*"test_accuracy" : \([0-9.]*\).*/\1/p' "$out/train-$1-cpu.json")
  cuda=$(sed -n 's/.*"test_accuracy" : \([0-9.]*\).*/\1/p' "$out/train-$1-cuda.json")
  echo "$1: accuracy $cpu trained on cpu, $cuda on cuda"
  awk -v a="$cpu" -v b="$cuda" 'BEGIN { exit !(b >= a - 0.005) }'
}

# A network trained on the CPU is audited on both devices; both devices train it.
audits() { # MODEL
  local data=(--data "idx:$BLINDSPOT_DATA/mnist") device
  for device in cpu cuda; do
    cli train --quiet --device "$device" --model "$1" "${data[@]}" --retrain --out "$out/$1-$device.onnx" \
      --json "$out/train-$1-$device.json" || return 1
  done
  for device in cpu cuda; do
    cli audit --quiet --device "$device" --model "$out/$1-cpu.onnx" "${data[@]}" --examples "${EXAMPLES:-200}" \
      --out "$out/audit-$1-$device" || return 1
  done
  accuracies "$1" || return 1
  run dev.blindspot.bench.perf.AuditComparison "$out/audit-$1-cpu/audit.json" "$out/audit-$1-cuda/audit.json" \
    "$out/comparison-$1.json"
}

attacks() {
  local failed=0 model
  properties=(-Dblindspot.test.backend=cuda)
  step attack-tests junit attack-tests --select-package=dev.blindspot.attacks --exclude-tag=acceptance \
    --include-classname='dev\.blindspot\.attacks\.\w+Test' || failed=1
  for model in ${MODELS:-fc100-100-10 lenet}; do
    step "audits-$model" audits "$model" || failed=1
  done
  return $failed
}

bench() {
  local extra=() tune=measure
  [ -z "${QUICK:-}" ] || tune=off
  [ -z "${QUICK:-}" ] || extra+=(--quick)
  [ ! -f "$out/torch.json" ] || extra+=(--torch "$out/torch.json")
  run dev.blindspot.bench.perf.PrimitiveBenchmarks --device "${DEVICE:-cuda}" --out "$out/primitives.json" \
    ${extra[@]+"${extra[@]}"} | tee "$out/primitives.txt"
}

# The same product from Java and in a C loop, one after the other.
launch() {
  run dev.blindspot.bench.perf.LaunchBenchmarks --device "${DEVICE:-cuda}" --out "$out/launch.json" \
    ${QUICK:+--quick} || return 1
  rm -f "$out/launch-c.json"
  cp "$here/launch" "$work/launch" && chmod +x "$work/launch" && "$work/launch" ${QUICK:+quick} >"$work/launch-c.json" &&
    mv "$work/launch-c.json" "$out/launch-c.json" && cat "$out/launch-c.json"
}

torch() {
  [ -n "$python" ] || { say "no Python found; set GPU_PYTHON" && return 1; }
  "$python" "$here/torch_ref.py" "$out/torch.json" | tee "$out/torch.txt"
}

# One of PyTorch's scripts; without PyTorch ours are measured all the same, but that is a failure of the whole.
peer() { # SCRIPT ARGS...
  if [ -z "$python" ] || ! "$python" -c 'import torch' 2>/dev/null; then
    say "no PyTorch: $1 is not run; set GPU_PYTHON"
    [ -n "${QUICK:-}" ]
    return
  fi
  "$python" "$here/$1" "${@:2}" ${QUICK:+--quick} --device "${DEVICE:-cuda}"
}

# Ours and PyTorch's in turn, as often as there are rounds; everything on one device.
speed() {
  local round rounds=${ROUNDS:-3} precision layout list failed=0 device=${DEVICE:-cuda} seconds=0.3 ours
  local lists=(lenet alexnet vgg16 resnet50 resnet20 first deepbench) batch
  local batches=1,64,256,1024 networks="lenet resnet20 alexnet" attacks=fgsm,pgd40
  rm -f "$out"/conv-*.json "$out"/torch-*.json "$out"/attack-*.json "$out"/lbfgs.json
  local tune=measure
  if [ -n "${QUICK:-}" ]; then
    rounds=1 seconds=0 lists=() batches=1 networks=lenet attacks=fgsm tune=off
  fi
  for round in $(seq "$rounds"); do
    for precision in ${PRECISIONS:-FP32 TF32 BF16}; do
      ours=()
      for layout in NCHW NHWC; do
        [ "$layout-$precision" != NHWC-FP32 ] || continue
        for list in "${lists[@]:-}"; do
          ours+=("$out/conv-$precision-$layout-${list:-one}-$round.json")
          cli bench conv ${list:+--batch "$list"} ${QUICK:+mb1ic3ih9oc4kh3ph1} --device "$device" --quiet \
            --precision "$precision" --layout "$layout" --dir FWD_D,BWD_D --seconds "$seconds" \
            --json "${ours[-1]}" || failed=1
        done
      done
      peer torch_conv.py "$out/torch-conv-$precision-$round.json" "${ours[@]}" || failed=1
    done
    for list in $networks; do
      for batch in ${batches//,/ }; do # a file each: the largest may not fit
        cli bench attack "$list" --batch "$batch" --attack "$attacks" --device "$device" --quiet \
          --seconds "$seconds" --json "$out/attack-$list-b$batch-$round.json" || failed=1
      done
    done
    peer torch_attack.py "$out/torch-attack-$round.json" --batches "$batches" --networks "${networks// /,}" \
      --attacks "$attacks" || failed=1
  done
  lbfgs || failed=1
  launch || failed=1
  [ -z "$python" ] || "$python" "$here/ratios.py" "$out" || failed=1
  return $failed
}

# All of MNIST's test images at once, against SciPy and PyTorch on 32 of them, one at a time.
lbfgs() {
  local examples=10000 images=32
  [ -z "${QUICK:-}" ] || { examples=20 && images=2; }
  mkdir -p "$out/network" || return 1
  cli train --quiet --device cpu --model fc100-100-10 --data "idx:$BLINDSPOT_DATA/mnist" \
    --out "$out/network/fc.onnx" || return 1
  run dev.blindspot.bench.workbench.NetworkFile "$out/network/fc.onnx" "$out/network" || return 1
  # Only what is labelled correctly is attacked: fewer than 10,000.
  cli attack --quiet --device "${DEVICE:-cuda}" --model "$out/network/fc.onnx" --data "idx:$BLINDSPOT_DATA/mnist" \
    --attack lbfgs --examples "$examples" --json "$out/lbfgs.json" || return 1
  peer torch_lbfgs.py "$out/torch-lbfgs.json" "$out/network" "$BLINDSPOT_DATA/mnist" --images "$images"
}

summary() {
  local s name status seconds comma=
  printf '%-24s %6s %8s\n' step status seconds >"$out/summary.txt"
  {
    printf '{\n  "format" : "blindspot-gpu-1",\n  "commit" : "%s",\n  "date" : "%s",\n  "steps" : [' \
      "$(cat "$work/app/commit")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    for s in "${steps[@]}"; do
      read -r name status seconds <<<"$s"
      printf '%s\n    {"name" : "%s", "status" : %d, "seconds" : %d}' "$comma" "$name" "$status" "$seconds"
      comma=,
      printf '%-24s %6d %8d\n' "$name" "$status" "$seconds" >>"$out/summary.txt"
    done
    printf '\n  ]\n}\n'
  } >"$out/summary.json"
  cat "$out/summary.txt"
}

case $mode in
  where) where | tee "$out/where.txt" ;;
  conformance | attacks) "$mode" "$@" && code=0 || code=1 && summary && exit "$code" ;;
  bench | launch | torch | speed) "$mode" ;;
  all)
    where >"$out/where.txt" 2>&1
    cat "$out/where.txt"
    code=0
    conformance || code=1
    attacks || code=1
    step torch torch || say "PyTorch's times are missing"
    step bench bench || code=1
    step speed speed || code=1
    summary
    exit $code
    ;;
  cli) cli "$@" ;;
  java) run "$@" ;;
  *) sed -n 2,15p "$0" >&2 && exit 64 ;;
esac
