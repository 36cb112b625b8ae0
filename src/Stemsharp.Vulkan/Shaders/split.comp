#version 450
// Parts the transform of the packed samples into the spectra of even and odd ones and joins them to bins k and N/2 - k:
// X[k] = E + w^k O and X[N/2 - k] = conj(E - w^k O) with 2E = Z[k] + conj Z[N/2 - k], 2iO = Z[k] - conj Z[N/2 - k].
#include "transform_common.glsl"
#include "complex.glsl"
layout(local_size_x = 64) in;

Complex point(int channel, int k, int t) { return load(p.inOff + pieceBase(), channel, Ints(p.weights).v[p.map + k], t); }

void keep(int channel, int k, int t, vec2 v) {
    if (k < p.bins) {
        int at = p.outOff + pieceBase() + 2 * channel * p.outPitch + k * p.frames + t;
        Floats(p.arena).v[at] = v.x;
        Floats(p.arena).v[at + p.outPitch] = v.y;
    }
}

void main() {
    int tiles = (p.frames + 63) / 64;
    int t = int(gl_WorkGroupID.x) % tiles * 64 + int(gl_LocalInvocationID.x), k = int(gl_WorkGroupID.x) / tiles;
    int channel = int(gl_WorkGroupID.y);
    if (t >= p.frames) {
        return;
    }

    if (k == 0) {
        Complex z = point(channel, 0, t), other = swapped(z);
        keep(channel, 0, t, vec2(single(plus(z, other)).x * 2.0, 0.0));
        keep(channel, p.points, t, vec2(single(minus(z, other)).x * 2.0, 0.0));
        return;
    }

    Complex a = point(channel, k, t), b = conjugate(point(channel, p.points - k, t));
    Complex even = plus(a, b), odd = turned(minusI(minus(a, b)), factorAt(p.table, k));
    keep(channel, k, t, single(plus(even, odd)));
    if (k != p.points - k) {
        keep(channel, p.points - k, t, single(conjugate(minus(even, odd))));
    }
}
