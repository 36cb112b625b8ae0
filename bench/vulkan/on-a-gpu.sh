#!/usr/bin/env bash
# Everything that a GPU is wanted for, in one run of at most six minutes: self-test of every kernel, accuracy, times of a
# song's segments, profiles, tiles, and the whole command.
#   bench/vulkan/on-a-gpu.sh PROGRAM OUTPUT-FOLDER [DEVICE [COMMAND]]
# PROGRAM is bench/Stemsharp.Vulkan.Bench and COMMAND stemsharp, published for the machine (see docs/vulkan.md); run it in the project's root.
set -uo pipefail
program="$1"
out="$2"
device=(${3:+--device "$3"})
command="${4:-}"
golden=tests/golden
model="${STEMSHARP_GPU_MODEL:-synthetic:htdemucs}"
segments="${STEMSHARP_GPU_SEGMENTS:-31}"
seconds="${STEMSHARP_GPU_SECONDS:-180}"
mkdir -p "$out"
log="$out/log.txt"
cache="$(mktemp -d)"
chmod 700 "$cache"
trap 'rm -rf "$cache"' EXIT
: >"$log"

# run SECONDS ARGUMENT…
run() {
    local limit="$1"
    shift
    printf '\n== %s (after %ss)\n' "$*" "$SECONDS" | tee -a "$log"
    timeout "$limit" "$program" "$@" "${device[@]}" 2>&1 | tee -a "$log"
    local code="${PIPESTATUS[0]}"
    [ "$code" = 0 ] || echo "exit code $code" | tee -a "$log"
}

# whole SECONDS ARGUMENT…: the command, with a cache of its own, timed.
whole() {
    local limit="$1" before after
    shift
    printf '\n== stemsharp %s (after %ss)\n' "$*" "$SECONDS" | tee -a "$log"
    before="$(date +%s.%N)"
    STEMSHARP_CACHE="$cache/command" timeout "$limit" "$command" "$@" --engine vulkan "${device[@]}" 2>&1 | tee -a "$log"
    local code="${PIPESTATUS[0]}"
    after="$(date +%s.%N)"
    [ "$code" = 0 ] || echo "exit code $code" | tee -a "$log"
    awk -v a="$before" -v b="$after" 'BEGIN { printf "%.2f s\n", b - a }' | tee -a "$log"
}

run 10 devices
run 20 trial
run 40 accuracy $golden tiny4 --precision fp32 --no-tuning
run 40 accuracy $golden tiny4 --precision mixed --no-tuning
run 30 time "$model" "$segments" 3 --pieces 8 --precision fp32 --no-tuning --cache "$cache"
run 30 time "$model" "$segments" 3 --pieces 8 --precision mixed --no-tuning --cache "$cache"
run 20 time "$model" 8 1 --pieces 8 --precision fp32 --no-tuning --cache "$cache" --profile --out "$out"
run 20 time "$model" 8 1 --pieces 8 --precision mixed --no-tuning --cache "$cache" --profile --out "$out"
if [ -n "$command" ]; then
    timeout 20 "$program" song "$cache/song.wav" "$seconds"
    whole 30 separate "$cache/song.wav" --model "$model" -o "$cache/out" --precision mixed --quiet
    whole 20 separate "$cache/song.wav" --model "$model" -o "$cache/out" --precision mixed --quiet --overwrite
    whole 20 separate "$cache/song.wav" --model "$model" -o "$cache/out" --precision mixed --quiet --overwrite
    whole 20 separate "$cache/song.wav" --model "$model" -o "$cache/out" --precision fp32 --quiet --overwrite
    whole 20 separate "$cache/song.wav" --model "$model" -o "$cache/out" --precision fp32 --quiet --overwrite
    whole 20 verify demo
    rm -rf "$cache/out"
fi
run 30 accuracy $golden htdemucs --precision fp32 --no-tuning --cache "$cache"
run 30 accuracy $golden htdemucs --precision mixed --no-tuning --cache "$cache"
run 90 selftest
run 60 time "$model" "$segments" 3 --pieces 8 --precision mixed --cache "$cache" --tiles
run 60 time "$model" "$segments" 3 --pieces 8 --precision fp32 --cache "$cache" --tiles
for pieces in 1 4 16; do
    run 30 time "$model" "$segments" 3 --pieces $pieces --precision mixed --no-tuning --cache "$cache"
    run 30 time "$model" "$segments" 3 --pieces $pieces --precision fp32 --no-tuning --cache "$cache"
done
run 30 accuracy $golden tiny6 --precision mixed --no-tuning --no-matrices
run 30 accuracy $golden mixed-storage --precision mixed --no-tuning
echo "done after ${SECONDS}s" | tee -a "$log"
