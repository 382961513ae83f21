#!/bin/sh
# What the stand-in NVRTC does: g++ compiles source.cu, with the prelude before it and a door for each kernel behind
# it, to image.so, which stands for the CUBIN. Messages go to `log`. Status 2: an option is unknown, or asks for PTX.
# usage: compile.sh PRELUDE_FOLDER NAME OPTION...   in the folder that holds source.cu and its headers
set -eu
prelude=$1 name=$2 macros="" contract=fast arch=""
shift 2
for option in "$@"; do
  case ${option#-} in
    -gpu-architecture=sm_* | gpu-architecture=sm_* | arch=sm_* | -arch=sm_*) arch=${option##*sm_} ;;
    -fmad=true | fmad=true | -std=c++17 | std=c++17 | lineinfo | -lineinfo | restrict | -restrict | w | -w) ;;
    -fmad=false | fmad=false) contract=off ;;
    D* | -D*) macros="$macros -D${option#*D}" ;;
    *) echo "the option $option is unknown to the stand-in, or asks for PTX" >log; exit 2 ;;
  esac
done
[ -n "$arch" ] || { echo "without --gpu-architecture=sm_NN there is no CUBIN" >log; exit 2; }
grep -q -w fma /proc/cpuinfo && fma=-mfma || fma=
flags="-std=c++17 -w -nostdinc -nostdinc++ -I. -I$prelude"

{ echo '#include "prelude.h"'; echo "#line 1 \"$name\""; cat source.cu; } >first.cpp
# shellcheck disable=SC2086
g++ $flags $macros -D__CUDA_ARCH__="${arch}0" -U__x86_64__ -U__linux__ -E first.cpp -o marked.ii 2>log || exit 1
{
  sed 's/static STANDIN_SHARED/STANDIN_SHARED/g' marked.ii
  echo '# 1 "doors"'
  tr '\n' ' ' <marked.ii | grep -o 'STANDIN_GLOBAL[^(]*(' | sort -u |
    sed 's/.*[ *]\([A-Za-z0-9_]*\) *($/STANDIN_DOOR(\1)/'
} >second.cpp
# shellcheck disable=SC2086
g++ $flags $fma -ffp-contract=$contract -DSTANDIN_SECOND_PASS -include prelude.h second.cpp -o image.so -O2 -g0 -fPIC \
  -shared -Wl,-Bsymbolic -fno-gnu-unique -fno-exceptions -fno-rtti -lm 2>>log || exit 1
