#version 450
// The way back: Z[k] = E + iO with real and imaginary parts swapped, so that the forward transform computes the inverse.
// The imaginary part of bin 0 has no meaning and is ignored; bins that were not kept are zero.
#include "transform_common.glsl"
layout(local_size_x = 64) in;

vec2 bin(int plane, int k, int t) {
    if (k >= p.bins) {
        return vec2(0.0);
    }

    int at = p.inOff + pieceBase() + 2 * plane * p.inPitch + k * p.frames + t;
    return vec2(Floats(p.arena).v[at], k == 0 || k == p.points ? 0.0 : Floats(p.arena).v[at + p.inPitch]);
}

void put(int i, int k, int t, vec2 v) {
    int base = p.outOff + pieceBase();
    Floats(p.arena).v[base + pointAt(i, 0, k, t)] = v.x;
    Floats(p.arena).v[base + pointAt(i, 1, k, t)] = v.y;
}

void main() {
    int tiles = (p.frames + 63) / 64;
    int t = int(gl_WorkGroupID.x) % tiles * 64 + int(gl_LocalInvocationID.x), k = int(gl_WorkGroupID.x) / tiles;
    int i = int(gl_WorkGroupID.y), plane = wantedPlane(i);
    if (t >= p.frames) {
        return;
    }

    vec2 x = bin(plane, k, t), y = bin(plane, p.points - k, t);
    vec2 even = vec2(x.x + y.x, x.y - y.y), rest = vec2(x.x - y.x, x.y + y.y);
    float c = Floats(p.weights).v[p.table + 2 * k], s = Floats(p.weights).v[p.table + 2 * k + 1];
    precise vec2 odd = vec2(fma(rest.x, c, rest.y * s), fma(rest.y, c, -(rest.x * s)));
    put(i, k, t, vec2(even.y + odd.x, even.x - odd.y));
    if (k != 0 && k != p.points - k) {
        put(i, p.points - k, t, vec2(odd.x - even.y, even.x + odd.y));
    }
}
