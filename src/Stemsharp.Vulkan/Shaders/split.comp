#version 450
// Parts the transform of the packed samples into the spectra of even and odd ones and joins them to bins k and N/2 - k:
// X[k] = E + w^k O and X[N/2 - k] = conj(E - w^k O) with 2E = Z[k] + conj Z[N/2 - k], 2iO = Z[k] - conj Z[N/2 - k].
#include "transform_common.glsl"
layout(local_size_x = 64) in;

vec2 point(int channel, int k, int t) {
    int at = Ints(p.weights).v[p.map + k], base = p.inOff + pieceBase();
    return vec2(Floats(p.arena).v[base + pointAt(channel, 0, at, t)], Floats(p.arena).v[base + pointAt(channel, 1, at, t)]);
}

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
        vec2 z = point(channel, 0, t);
        keep(channel, 0, t, vec2((z.x + z.y) * 2.0, 0.0));
        keep(channel, p.points, t, vec2((z.x - z.y) * 2.0, 0.0));
        return;
    }

    vec2 a = point(channel, k, t), b = point(channel, p.points - k, t);
    vec2 even = vec2(a.x + b.x, a.y - b.y), odd = vec2(a.y + b.y, b.x - a.x);
    float c = Floats(p.weights).v[p.table + 2 * k], s = Floats(p.weights).v[p.table + 2 * k + 1];
    precise vec2 turned = vec2(fma(odd.x, c, -(odd.y * s)), fma(odd.x, s, odd.y * c));
    keep(channel, k, t, even + turned);
    if (k != p.points - k) {
        keep(channel, p.points - k, t, vec2(even.x - turned.x, turned.y - even.y));
    }
}
