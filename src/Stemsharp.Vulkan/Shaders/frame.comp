#version 450
// Cuts a channel into frames: point m is the windowed samples 2m and 2m + 1. The map says where each sample of the
// lengthened signal comes from, -1 for zero.
#include "transform_common.glsl"
layout(local_size_x = 64) in;

void main() {
    int tiles = (p.frames + 63) / 64;
    int t = int(gl_WorkGroupID.x) % tiles * 64 + int(gl_LocalInvocationID.x), m = int(gl_WorkGroupID.x) / tiles;
    int channel = int(gl_WorkGroupID.y);
    if (t >= p.frames) {
        return;
    }

    [[unroll]] for (int i = 0; i < 2; i++) {
        int j = 2 * m + i;
        int from = Ints(p.weights).v[p.map + t * p.hop + j];
        float v = from < 0 ? 0.0 : Floats(p.arena).v[p.inOff + pieceBase() + channel * p.inPitch + from];
        Floats(p.arena).v[p.outOff + pieceBase() + pointAt(channel, i, m, t)] = v * Floats(p.weights).v[p.table + j];
    }
}
