#!/usr/bin/env python3
"""What becomes of --precision mixed where the system is strict: bench/mixed/refusals.py STEMSHARP MIX.wav

STEMSHARP is a native build (a JIT needs such memory itself). It separates three times with the demo model: as it is; under the
kernel's deny-write-execute switch (Linux 6.3); and with memfd_create refused by a seccomp filter. The first two have to run in mixed
precision and give the same stems, the third in fp32, with the reason. Linux on x86-64 with AVX512_BF16.
"""
import ctypes
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_MDWE = 38, 22, 65
FILTER_MODE, REFUSE_EXEC_GAIN, MEMFD_CREATE = 2, 1, 319
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # allowed; fails with EPERM
libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def deny_write_execute():
    check(libc.prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0))


def refuse_memfd():
    code = b"".join(struct.pack("<HBBI", *line) for line in (
        (0x20, 0, 0, 0),  # the call's number
        (0x15, 0, 1, MEMFD_CREATE),
        (0x06, 0, 0, REFUSE),
        (0x06, 0, 0, ALLOW)))
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    check(libc.prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(Program(len(code) // 8, code)), 0, 0))


def run(name, before):
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.argv[1], "separate", sys.argv[2], "--model", "demo", "--precision", "mixed", "--progress", "none", "--json", "-o", folder],
            preexec_fn=before, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if ran.returncode != 0:
            sys.exit(f"{name}: exit code {ran.returncode}\n{ran.stderr}")
        stems = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(pathlib.Path(folder).rglob("*.wav")))).hexdigest()[:16]
        is_mixed = '"precision": "mixed"' in ran.stdout or '"precision":"mixed"' in ran.stdout
        said = [line for line in ran.stderr.splitlines() if "precision" in line]
        print(f"{name}: {'mixed' if is_mixed else 'fp32'}, stems {stems}{''.join(': ' + line for line in said)}")
        return is_mixed, stems, said


plain = run("as it is", None)
strict = run("deny write and execute", deny_write_execute)
refused = run("memfd_create refused", refuse_memfd)
if not plain[0] or strict[:2] != plain[:2] or refused[0] or not any("file in memory" in line for line in refused[2]):
    sys.exit("not as it should be")
