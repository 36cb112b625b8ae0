#version 450
// A stem's sample: the windowed frames that lie over it, and the waveform of the time branch.
#include "transform_common.glsl"
layout(local_size_x = 256) in;

void main() {
    int i = int(gl_GlobalInvocationID.x);
    int wanted = int(gl_WorkGroupID.y);
    if (i >= p.samples) {
        return;
    }

    int at = i + p.passLength; // in the signal of the kept frames
    int n = 2 * p.points;
    int last = min(p.frames - 1, at / p.hop), first = at < n ? 0 : (at - n) / p.hop + 1;
    float sum = 0.0;
    int base = p.inOff + pieceBase();
    for (int t = first; t <= last; t++) {
        int j = at - t * p.hop;
        int point = Ints(p.weights).v[p.map + (j >> 1)];
        float v = Floats(p.arena).v[base + pointAt(wanted, (j & 1) == 0 ? 1 : 0, point, t)];
        sum = fma(v, Floats(p.weights).v[p.table + j], sum);
    }

    if (p.addOff >= 0) {
        sum += Floats(p.arena).v[p.addOff + pieceBase() + wantedPlane(wanted) * p.addPitch + i];
    }

    if (isnan(sum) || isinf(sum)) {
        Ints(p.arena).v[OVERFLOW_FLAG + 1] = 1;
    }

    Floats(p.arena).v[p.outOff + pieceBase() + wanted * p.outPitch + i] = sum;
}
