#!/bin/sh
# The linker rustc calls when the program is built without Solana's tools: hands LLVM bitcode to sbpf-linker.
#
# It stands between the two for three reasons. sbpf-linker and its LLVM 23 come from another Debian release than this
# system's and so run through that release's own loader and C library. Dependencies that also declare a cdylib are
# linked by cargo as well, though only the program itself matters and their bitcode may not even link. And every path
# stays out of the compiler's flags, which would otherwise enter the symbol hashes and make the result depend on where
# it was built.
#
# From `cargo xtask build`: EARNOUT_SBF_TOOLCHAIN (what was installed), EARNOUT_SBF_LIB (its LLVM's libraries),
# EARNOUT_SBF_INT128 (128-bit calls, as bitcode); from `cargo xtask size` also EARNOUT_SBF_DUMP (where LLVM's last
# intermediate form goes).
set -eu

output='' level='' exported='' previous=''
for argument in "$@"; do
    case $previous in
        -o | --output) output=$argument ;;
        -O) level=$argument ;;
        --export-symbols) exported=$argument ;;
    esac
    case $argument in -O?) level=${argument#-O} ;; esac
    previous=$argument
done

case ${output##*/} in
    libearnout.so | libearnout-*.so | libearnout_test_*.so) ;;
    *) : >"$output"; exit 0 ;;
esac

# LLVM 23's linker step takes no size levels; functions compiled for size keep that attribute.
case $level in s | z) set -- "$@" -O2 ;; esac

# Nothing counts in floating point and a panic only fails the instruction, so the routines for both need not be kept for
# whoever might call them.
if [ -n "$exported" ]; then
    grep -vE '^(__[a-z]+(hf|sf|df|tf|xf)|custom_panic$)' "$exported" >"$output.exported"
    mv "$output.exported" "$exported"
fi

if [ -n "${EARNOUT_SBF_DUMP-}" ]; then set -- "$@" "--dump-module=$EARNOUT_SBF_DUMP"; fi

loader=$(echo "$EARNOUT_SBF_LIB"/ld-linux*.so.*)
if ! LD_LIBRARY_PATH=$EARNOUT_SBF_LIB "$loader" --library-path "$EARNOUT_SBF_LIB" \
    "$EARNOUT_SBF_TOOLCHAIN/linker/bin/sbpf-linker" "$@" \
    --deploy=false --llvm-args=-bpf-stack-size=4096 --llvm-args=-enable-merge-functions --llvm-args=-inline-threshold=15 \
    "$EARNOUT_SBF_INT128"; then
    echo 'xtask/sbf/link.sh: sbpf-linker refused the program. If it says that a relocation target is "not rodata or
text", some code has a writable static, which SBF has no room for: a HashMap with random keys is the usual one (Anchor
emits it for instructions with two or more plain `mut` accounts: `#[account(mut, dup)]` and an own check avoid it).' >&2
    exit 1
fi
