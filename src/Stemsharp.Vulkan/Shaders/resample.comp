#version 450
// A filter with phases along the positions, edge samples repeated: y[P n + p] = sum over k of taps[p, k] x[S n + k - before].
#include "common.glsl"

layout(local_size_x = 256) in;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int taps;       // where they lie
    int phases;
    int count;      // taps of a phase
    int stride;
    int before;
    int inPositions;
    int outPositions;
    int inPitch;
    int outPitch;
} p;

void main() {
    int i = int(gl_GlobalInvocationID.x), c = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    if (i >= p.outPositions) {
        return;
    }

    int n = i / p.phases, phase = i - n * p.phases, from = p.inOff + piece + c * p.inPitch;
    float sum = 0.0;
    for (int k = 0; k < p.count; k++) {
        int at = clamp(p.stride * n + k - p.before, 0, p.inPositions - 1);
        sum = fma(Floats(p.weights).v[p.taps + phase * p.count + k], Floats(p.arena).v[from + at], sum);
    }

    Floats(p.arena).v[p.outOff + piece + c * p.outPitch + i] = sum;
}
