#!/usr/bin/env bash
# onnxruntime on an NVIDIA GPU: doctor, self-test, accuracy, times by provider, precision, form of graph and batch, and the whole command, in at most six
# minutes.
#   bench/onnxruntime/on-a-gpu.sh pack FOLDER                 here: what has to travel, in pieces of at most 48 MB
#   bench/onnxruntime/on-a-gpu.sh join FOLDER                 there, once all pieces are in FOLDER
#   bench/onnxruntime/on-a-gpu.sh run FOLDER OUTPUT-FOLDER    there, in the project's root
# `pack` takes the command, self-contained for linux-x64, and the libraries of the package Microsoft.ML.OnnxRuntime.Gpu.Linux, for CUDA 13. The libraries
# of CUDA and cuDNN have to be there: on LD_LIBRARY_PATH, or in Python's nvidia packages, which are looked for.
# STEMSHARP_GPU_SHORT=1 takes a small network and the CPU provider: for a machine without a GPU. What fails is counted at the end.
set -uo pipefail
version=1.31.0
what="${1:?pack, join or run}"
folder="$(realpath -m "${2:?a folder}")"
piece=$((48 * 1000 * 1000))
library="$folder/gpu/libonnxruntime.so"

case "$what" in
pack)
    set -e
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$folder" "$work/gpu" "$work/package"
    dotnet publish src/Stemsharp.Cli -c Release -r linux-x64 --self-contained -p:NuGetLockFilePath=obj/native.lock.json -p:RestoreLockedMode=false -o "$work/command"
    printf '%s' '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup><PackageDownload Include="Microsoft.ML.OnnxRuntime.Gpu.Linux" Version="['"$version"']" /></ItemGroup></Project>' >"$work/package/package.csproj"
    dotnet restore "$work/package" --packages "$work/packages"
    cp "$work"/packages/microsoft.ml.onnxruntime.gpu.linux/"$version"/runtimes/linux-x64/native/*.so "$work/gpu/"
    rm -f "$folder"/stemsharp-gpu.tar.xz.*
    tar -C "$work" -cf - command gpu | xz -T0 -6 | split -b "$piece" -d - "$folder/stemsharp-gpu.tar.xz."
    ls -l "$folder"
    exit
    ;;
join)
    cat "$folder"/stemsharp-gpu.tar.xz.* | xz -dc | tar -C "$folder" -xf -
    exit
    ;;
run) ;;
*)
    echo "pack, join or run, not $what" >&2
    exit 2
    ;;
esac

out="${3:?an output folder}"
command="$folder/command/Stemsharp.Cli"
golden=tests/golden
if [ -n "${STEMSHARP_GPU_SHORT:-}" ]; then
    model=demo providers=(cpu) batches="1 2" seconds=8 budget=900
else
    model=synthetic:htdemucs providers=(cuda tensorrt) batches="1 2 4 8" seconds=180 budget=355
fi
mkdir -p "$out"
log="$out/log.txt"
export STEMSHARP_CACHE
STEMSHARP_CACHE="$(mktemp -d)"
chmod 700 "$STEMSHARP_CACHE"
trap 'rm -rf "$STEMSHARP_CACHE"' EXIT
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
[ -e "$library" ] && export STEMSHARP_ONNXRUNTIME="$library"
nvidia="$(find / -path '*/nvidia/*' \( -name 'libcudart.so*' -o -name 'libcublas.so*' -o -name 'libcudnn.so*' -o -name 'libcurand.so*' -o -name 'libnvinfer.so*' \) -printf '%h\n' 2>/dev/null | sort -u | paste -sd:)"
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$nvidia"
LD_LIBRARY_PATH="${LD_LIBRARY_PATH%:}"
: >"$log"
failed=0
left_out=0

say() { printf '%s\n' "$*" | tee -a "$log"; }

# within SECONDS ARGUMENT…: the command, timed; what is left of the whole budget is the most that anything gets.
within() {
    local limit="$1" left=$((budget - SECONDS)) code before after
    shift
    printf '\n' | tee -a "$log"
    say "== stemsharp $* (after ${SECONDS}s)"
    if [ "$left" -lt 3 ]; then
        left_out=$((left_out + 1))
        say "left out: the time is up"
        return
    fi

    before="$(date +%s.%N)"
    timeout "$((limit < left ? limit : left))" "$command" "$@" 2>&1 | tee -a "$log"
    code="${PIPESTATUS[0]}"
    after="$(date +%s.%N)"
    say "$(awk -v a="$before" -v b="$after" 'BEGIN { printf "%.2f s", b - a }')"
    if [ "$code" != 0 ]; then
        failed=$((failed + 1))
        say "exit code $code"
    fi
}

song="$STEMSHARP_CACHE/song.wav"
# Noise in stereo at 44.1 kHz, 16 bits: a header and as many bytes as the song has.
bytes=$((seconds * 44100 * 4))
little() { printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 24 & 255)))"; }
{ printf RIFF; little $((bytes + 36)); printf 'WAVEfmt '; little 16; printf '\x01\x00\x02\x00'; little 44100; little 176400; printf '\x04\x00\x10\x00data'; little "$bytes"; head -c "$bytes" /dev/urandom; } >"$song"

within 20 doctor
for provider in "${providers[@]}"; do
    engine=(--engine onnxruntime --provider "$provider")
    within 60 verify demo "${engine[@]}"
    within 60 compare "$golden/tiny4/tiny4-cf67fb40.th" "$golden/tiny4/tiny4-cf67fb40.th" "${engine[@]}" --min-snr 80
    for precision in fp32 mixed; do
        within 90 bench "$model" --segments 5 "${engine[@]}" --precision "$precision"

        # The graph for every runtime against the one that GPUs are said to like, and against itself with convolutions of one axis widened by the provider:
        # how far apart they are, and seconds a segment of each.
        for form in cpu cuda; do
            within 60 export onnx "$model" --graph spectrogram --precision "$precision" --target "$form" -o "$STEMSHARP_CACHE/$form-$precision"
        done
        graphs=("$STEMSHARP_CACHE/cpu-$precision"/*.json "$STEMSHARP_CACHE/cuda-$precision"/*.json)
        within 60 compare "${graphs[@]}" "${engine[@]}" --min-snr 50
        [ "$provider" != cuda ] || within 60 compare "${graphs[@]}" "${engine[@]}" --min-snr 50 --provider-option cudnn_conv1d_pad_to_nc1d=1
        for batch in $batches; do
            # The first one exports the graph and optimises it, the second one is what a user sees.
            within 60 separate "$song" --model "$model" "${engine[@]}" --precision "$precision" --batch "$batch" -o "$STEMSHARP_CACHE/first-$provider-$precision-$batch" --quiet
            within 30 separate "$song" --model "$model" "${engine[@]}" --precision "$precision" --batch "$batch" -o "$STEMSHARP_CACHE/second-$provider-$precision-$batch" --verbose --progress plain
        done
    done
done
within 60 separate "$song" --model "$model" --engine onnxruntime --provider "${providers[0]}" --batch auto -o "$STEMSHARP_CACHE/auto" --verbose --progress plain

say ""
say "$failed failed, $left_out left out, ${SECONDS}s"
[ "$failed" = 0 ]
