#!/usr/bin/env python3
"""Computes the expected scores in bss_eval_expected.json, independently of the library.

BSS eval version 4 from its definition, with dense matrices in numpy: every stem's estimate is projected, by
least squares over the whole recording, onto its own reference and onto all references, each delayed by
0 ... 511 samples; the energies of the parts are then taken frame by frame. Run from any folder:

    python3 bss_eval_expected.py > bss_eval_expected.json

The signals are made here and in BssEvalCases.cs by the same formulas, so that both sides hold the same bits.
"""
import json
import os
import wave

import numpy as np

TAPS = 512
SONG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "samples", "song")


def noise(seed, length):
    values = np.empty(length)
    state = seed
    for i in range(length):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (state >> 8) / 2.0**23 - 1
    return values


def delayed(signal, samples):
    return np.concatenate([np.zeros(samples), signal[: len(signal) - samples]])


def single(signal):
    return signal.astype(np.float32).astype(np.float64)


def song_stem(name, start, length):
    with wave.open(os.path.join(SONG, name + ".wav")) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return data[start : start + length].T / 32768.0


def noise_case():
    length = 20000
    first, second = noise(1, length), noise(2, length)
    smooth = np.empty(length)
    held = 0.0
    for i in range(length):
        held = 0.5 * second[i] + 0.5 * held
        smooth[i] = held
    smooth = single(smooth)
    references = [[first], [smooth]]
    estimates = [
        [single(0.8 * delayed(first, 2) + 0.1 * smooth + 0.01 * noise(3, length))],
        [single(0.9 * smooth + 0.05 * delayed(first, 700) + 0.02 * delayed(first, 30))],
    ]
    return 8000, references, estimates


def silence_case():
    rate, references, estimates = noise_case()
    estimates[0][0][8000:16000] = 0
    return rate, references, estimates


def song_case():
    rate, start, length = 44100, 44100, 3 * 44100
    names = ["drums", "bass", "vocals", "guitar"]
    references = [song_stem(name, start, length) for name in names]
    total = sum(references)
    estimates = []
    for j, reference in enumerate(references):
        estimates.append([
            single(0.9 * reference[c] + 0.2 * delayed(total[c] - reference[c], 5 + c) + 0.002 * noise(10 * j + c + 1, length))
            for c in range(2)
        ])
    return rate, references, estimates


def toeplitz(lags_forward, lags_backward):
    """Matrix with lags_forward[k - l] right of the diagonal and lags_backward[l - k] left of it."""
    both = np.concatenate([lags_backward[:0:-1], lags_forward])
    rows, columns = np.indices((TAPS, TAPS))
    return both[TAPS - 1 + columns - rows]


def lags(x, b):
    size = 1 << int(np.ceil(np.log2(len(x) + TAPS)))
    return np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(b, size)), size)[:TAPS]


def filters(references, targets):
    """references: list of signals; returns [target][reference, tap]."""
    count = len(references)
    matrix = np.block([
        [toeplitz(lags(references[a], references[b]), lags(references[b], references[a])) for b in range(count)]
        for a in range(count)
    ])
    right = np.array([np.concatenate([lags(target, reference) for reference in references]) for target in targets]).T
    # The pseudo-inverse without the directions that rounding makes up.
    scale = 1 / np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    values, vectors = np.linalg.eigh(matrix * scale[:, None] * scale[None, :])
    keep = values > 1e-12 * values[-1]
    inverse = (vectors[:, keep] / values[keep]) @ vectors[:, keep].T
    solution = scale[:, None] * (inverse @ (scale[:, None] * right))
    return [solution[:, t].reshape(count, TAPS) for t in range(len(targets))]


def image(references, taps, start, stop):
    return sum(np.convolve(reference[start:stop], taps[a]) for a, reference in enumerate(references))


def decibels(signal, rest):
    return None if rest == 0 else round(10 * float(np.log10(signal / rest)), 5)


def scores(rate, references, estimates):
    stems = len(references)
    channels = [channel for stem in references for channel in stem]
    targets = [channel for stem in estimates for channel in stem]
    per_stem = len(references[0])
    joint = filters(channels, targets)
    own = [filters(list(references[j]), list(estimates[j])) for j in range(stems)]
    length = len(channels[0])
    result = [[] for _ in range(stems)]
    for start in range(0, length - rate + 1, rate):
        stop = start + rate
        if any(not np.any(sum(c[start:stop] for c in stem)) for stem in list(references) + list(estimates)):
            for frames in result:
                frames.append([None] * 4)
            continue
        for j in range(stems):
            sums = np.zeros(7)
            for c in range(per_stem):
                padding = np.zeros(TAPS - 1)
                true = np.concatenate([references[j][c][start:stop], padding])
                estimate = np.concatenate([estimates[j][c][start:stop], padding])
                own_image = image(references[j], own[j][c], start, stop)
                joint_image = image(channels, joint[j * per_stem + c], start, stop)
                sums += [np.sum(part**2) for part in (
                    true, estimate - true, own_image - true, own_image, joint_image - own_image, joint_image,
                    estimate - joint_image)]
            result[j].append([
                decibels(sums[0], sums[1]), decibels(sums[0], sums[2]), decibels(sums[3], sums[4]), decibels(sums[5], sums[6])])
    whole = []
    for j in range(stems):
        s, e = np.concatenate(references[j]), np.concatenate(estimates[j])
        gain = np.dot(s, e) / np.dot(s, s)
        whole.append([
            decibels(np.sum(s**2), np.sum((s - e) ** 2)),
            decibels(np.sum((gain * s) ** 2), np.sum((gain * s - e) ** 2))])
    return {"frames": result, "global": whole}


if __name__ == "__main__":
    cases = {"noise": noise_case, "silence": silence_case, "song": song_case}
    rows = (f' "{name}": {json.dumps(scores(*make()))}' for name, make in cases.items())
    print("{\n" + ",\n".join(rows) + "\n}")
