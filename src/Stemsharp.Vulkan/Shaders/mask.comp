#version 450
// A stem's spectrogram: its mask, the mean of the bands that hold a bin, times the mix's, as complex numbers.
#include "common.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int maskOff;    // lines of all bands: bin by bin, real and imaginary parts of each channel
    int mixOff;
    int outOff;
    int frames;
    int maskPitch;
    int mixPitch;
    int outPitch;
    int starts;     // for each bin the first of its lines in the table, and behind the last
    int lines;
    int zeroFirst;  // whether bin 0 is zero
} p;

void main() {
    int tiles = (p.frames + 63) / 64;
    int t = int(gl_WorkGroupID.x) % tiles * 64 + int(gl_LocalInvocationID.x), channel = 2 * (int(gl_WorkGroupID.x) / tiles);
    int bin = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    if (t >= p.frames) {
        return;
    }

    int first = Ints(p.weights).v[p.starts + bin], end = Ints(p.weights).v[p.starts + bin + 1];
    vec2 mask = vec2(0.0);
    for (int i = first; i < end; i++) {
        int at = p.maskOff + piece + (Ints(p.weights).v[p.lines + i] + channel) * p.maskPitch + t;
        mask += vec2(Floats(p.arena).v[at], Floats(p.arena).v[at + p.maskPitch]);
    }

    mask /= float(end - first);
    int from = p.mixOff + piece + channel * p.mixPitch + bin * p.frames + t, to = p.outOff + piece + channel * p.outPitch + bin * p.frames + t;
    vec2 mix_ = vec2(Floats(p.arena).v[from], Floats(p.arena).v[from + p.mixPitch]);
    precise vec2 product = vec2(fma(mask.x, mix_.x, -(mask.y * mix_.y)), fma(mask.x, mix_.y, mask.y * mix_.x));
    bool isZero = p.zeroFirst == 1 && bin == 0;
    Floats(p.arena).v[to] = isZero ? 0.0 : product.x;
    Floats(p.arena).v[to + p.outPitch] = isZero ? 0.0 : product.y;
}
