#version 450
// Cuts a channel into frames: point m is the windowed samples 2m and 2m + 1. The map says where each sample of the
// lengthened signal comes from, -1 for zero.
#include "transform_common.glsl"
#include "complex.glsl"
layout(local_size_x = 64) in;

float sampleAt(int channel, int j) {
    int from = Ints(p.weights).v[p.map + j];
    return from < 0 ? 0.0 : Floats(p.arena).v[p.inOff + pieceBase() + channel * p.inPitch + from];
}

void main() {
    int tiles = (p.frames + 63) / 64;
    int t = int(gl_WorkGroupID.x) % tiles * 64 + int(gl_LocalInvocationID.x), m = int(gl_WorkGroupID.x) / tiles;
    int channel = int(gl_WorkGroupID.y);
    if (t >= p.frames) {
        return;
    }

    vec2 samples = vec2(sampleAt(channel, t * p.hop + 2 * m), sampleAt(channel, t * p.hop + 2 * m + 1));
    vec4 window = factorAt(p.table, m);
#ifdef FINE
    Complex point = Complex(samples, vec2(0.0));
#else
    Complex point = samples;
#endif
    store(p.outOff + pieceBase(), channel, m, t, scaled(point, window.xy, window.zw));
}
