#!/bin/sh
# The functions for tile registers (AMX), run by the emulator Bochs (2.8 or newer, configured with --enable-x86-64 --enable-avx
# --enable-evex --enable-amx --with-nogui), bit for bit against Stemsharp's own emulation. Takes the folder that Bochs was built in.
set -eu
bochs=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
as --64 -o "$work/boot.o" "$here/boot.S"
ld -Ttext=0x7c00 --oformat binary -o "$work/boot.bin" "$work/boot.o"
dotnet run -c Release --no-build --project "$here/../../Stemsharp.Bench" -- tile-image "$work/boot.bin" "$work/disk.img" "$work/expected"
cat >"$work/bochsrc" <<END
cpu: model=sapphire_rapids, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest=64, host=64
romimage: file=$bochs/bios/BIOS-bochs-legacy
vgaromimage: file=$bochs/bios/VGABIOS-lgpl/VGABIOS-lgpl-latest.bin
ata0-master: type=disk, path=$work/disk.img, mode=flat
boot: disk
port_e9_hack: enabled=1, all_rings=1
log: $work/log
panic: action=fatal
display_library: nogui
END
timeout 300 "$bochs/bochs" -q -f "$work/bochsrc" </dev/null >"$work/out" 2>"$work/err" || true
dotnet run -c Release --no-build --project "$here/../../Stemsharp.Bench" -- tile-check "$work/out" "$work/expected" || {
    tail -20 "$work/log"
    exit 1
}
