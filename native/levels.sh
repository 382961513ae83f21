# Sourced by build.sh and sanitize.sh, which set cxx: the instruction-set levels that kernels are compiled for.
# level: each one's flags. amx: what marks a compiler with tile instructions, or nothing.
declare -A level=(
  [scalar]=""
  [avx2]="-mavx2 -mfma"
  [avx512]="-mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512")
amx=""
if echo | "$cxx" -mamx-tile -mamx-bf16 -x c++ -c -o /dev/null - 2>/dev/null; then
  amx=-DBS_AMX
  level[amx]="${level[avx512]} -mamx-tile -mamx-bf16"
fi

# The levels of a kernel's source file.
levels() {
  echo scalar avx2 avx512
  if [[ $amx && $(basename "$1") == tile_* ]]; then echo amx; fi
}
