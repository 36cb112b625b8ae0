#!/usr/bin/env bash
# Everything that a GPU is wanted for, in one run of at most six minutes: self-test of every kernel, accuracy, times of a
# song's pieces, profiles, tiles, and the whole command, for the hybrid network, RoFormers, MDX23C and SCNet.
#   bench/vulkan/on-a-gpu.sh PROGRAM OUTPUT-FOLDER [DEVICE [COMMAND]]
# PROGRAM is bench/Stemsharp.Vulkan.Bench and COMMAND stemsharp, published for the machine (see docs/vulkan.md); run it in the project's root.
# STEMSHARP_GPU_SHORT=1 takes small networks and short songs: for a processor that plays a GPU. What fails is counted at the end.
set -uo pipefail
program="$1"
out="$2"
device=(${3:+--device "$3"})
command="${4:-}"
golden=tests/golden
if [ -n "${STEMSHARP_GPU_SHORT:-}" ]; then
    model=$golden/tiny4/tiny4-cf67fb40.th full=mixed-storage roformer=synthetic:bs-roformer-tiny chunk=synthetic:mel-band-roformer-tiny wide=mel4
    grid=synthetic:mdx23c-tiny recurrent=synthetic:scnet-tiny hybrid=$golden/demucs3/hd4-f3818771.th whole_grids=mdx23c-scnet/sc1 segments=2 rounds=1 chunks=2 seconds=3 many=2 budget=1500 patience=6
else
    model=synthetic:htdemucs full=htdemucs roformer=synthetic:bs-roformer-sw chunk=synthetic:mel-band-roformer-kim wide=-roformer-
    grid=synthetic:mdx23c-vocals recurrent=synthetic:scnet-large hybrid=synthetic:hdemucs_mmi whole_grids=synthetic:mdx23c segments=31 rounds=3 chunks=27 seconds=180 many=8 budget=355 patience=1
fi
mkdir -p "$out"
log="$out/log.txt"
cache="$(mktemp -d)"
chmod 700 "$cache"
trap 'rm -rf "$cache"' EXIT
: >"$log"
failed=0
left_out=0

say() { printf '%s\n' "$*" | tee -a "$log"; }

# within SECONDS PROGRAM ARGUMENT…: what is left of the whole budget is the most that anything gets.
within() {
    local limit=$(($1 * patience)) left=$((budget - SECONDS)) code
    shift
    printf '\n' | tee -a "$log"
    say "== ${1##*/} ${*:2} (after ${SECONDS}s)"
    if [ "$left" -lt 3 ]; then
        left_out=$((left_out + 1))
        say "left out: the time is up"
        return
    fi

    timeout "$((limit < left ? limit : left))" "$@" 2>&1 | tee -a "$log"
    code="${PIPESTATUS[0]}"
    if [ "$code" != 0 ]; then
        failed=$((failed + 1))
        say "exit code $code"
    fi
}

# run SECONDS ARGUMENT…
run() {
    local limit="$1"
    shift
    within "$limit" "$program" "$@" "${device[@]}"
}

# whole SECONDS ARGUMENT…: the command, with a cache of its own, timed.
whole() {
    local limit="$1" before after
    shift
    before="$(date +%s.%N)"
    STEMSHARP_CACHE="$cache/command" within "$limit" "$command" "$@" --engine vulkan "${device[@]}"
    after="$(date +%s.%N)"
    say "$(awk -v a="$before" -v b="$after" 'BEGIN { printf "%.2f s", b - a }')"
}

run 10 devices
run 20 trial
run 40 accuracy $golden tiny4 --precision fp32 --no-tuning
run 40 accuracy $golden tiny4 --precision mixed --no-tuning
run 30 time "$model" "$segments" "$rounds" --pieces $many --precision fp32 --no-tuning --cache "$cache"
run 30 time "$model" "$segments" "$rounds" --pieces $many --precision mixed --no-tuning --cache "$cache"
run 20 time "$model" $many 1 --pieces $many --precision fp32 --no-tuning --cache "$cache" --profile --out "$out"
run 20 time "$model" $many 1 --pieces $many --precision mixed --no-tuning --cache "$cache" --profile --out "$out"
if [ -n "$command" ]; then
    within 20 "$program" song "$cache/song.wav" "$seconds"
    for precision in mixed mixed mixed fp32 fp32; do
        whole 30 separate "$cache/song.wav" --model "$model" -o "$cache/out" --precision $precision --quiet --overwrite
    done
    whole 20 verify demo
    rm -rf "$cache/out"
fi
run 30 accuracy $golden $full --precision fp32 --no-tuning --cache "$cache"
run 30 accuracy $golden $full --precision mixed --no-tuning --cache "$cache"

# RoFormers: small ones, a second of the largest, a piece beside the processor, and a song's pieces with a profile.
run 30 accuracy $golden roformer/ --precision fp32 --no-tuning --cache "$cache"
run 30 accuracy $golden roformer/ --precision mixed --no-tuning --cache "$cache"
run 30 time "$roformer" "$chunks" 1 --precision mixed --no-tuning --cache "$cache" --profile --out "$out"
run 45 time "$roformer" "$chunks" 1 --precision fp32 --no-tuning --cache "$cache"
run 45 chunk "$chunk" --no-tuning --cache "$cache"
run 40 accuracy $golden $wide --precision fp32 --no-tuning --cache "$cache"
run 40 accuracy $golden $wide --precision mixed --no-tuning --cache "$cache"

# MDX23C and SCNet: small ones, one at full size, pieces of both with a profile.
run 30 accuracy $golden mdx23c-scnet/ --precision fp32 --no-tuning --cache "$cache"
run 30 accuracy $golden mdx23c-scnet/ --precision mixed --no-tuning --cache "$cache"
run 30 accuracy $golden $whole_grids --precision fp32 --no-tuning --cache "$cache"
for network in $grid $recurrent; do
    run 30 time "$network" "$chunks" 1 --precision mixed --no-tuning --cache "$cache" --profile --out "$out"
    run 30 time "$network" "$chunks" 1 --precision fp32 --no-tuning --cache "$cache"
done

# HDemucs and Demucs: small ones of both, and a piece of the largest.
run 30 accuracy $golden demucs3/ --precision fp32 --no-tuning --cache "$cache"
run 30 accuracy $golden demucs3/ --precision mixed --no-tuning --cache "$cache"
run 30 time "$hybrid" "$chunks" 1 --precision fp32 --no-tuning --cache "$cache" --profile --out "$out"

run 120 selftest
run 60 time "$model" "$segments" "$rounds" --pieces $many --precision mixed --cache "$cache" --tiles
run 60 time "$model" "$segments" "$rounds" --pieces $many --precision fp32 --cache "$cache" --tiles
run 60 time "$roformer" "$chunks" 1 --precision mixed --cache "$cache" --tiles
for pieces in 1 4 16; do
    run 30 time "$model" "$segments" "$rounds" --pieces $pieces --precision mixed --no-tuning --cache "$cache"
    run 30 time "$model" "$segments" "$rounds" --pieces $pieces --precision fp32 --no-tuning --cache "$cache"
done
run 30 accuracy $golden tiny6 --precision mixed --no-tuning --no-matrices
run 30 accuracy $golden mixed-storage --precision mixed --no-tuning
say "done after ${SECONDS}s: $failed failed, $left_out left out"
[ "$failed" = 0 ]
