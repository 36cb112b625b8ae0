#version 450
// Amplitudes of pairs of real and imaginary parts, or amplitudes with the phases of such pairs.
#include "common.glsl"

layout(constant_id = 0) const int PHASES = 0;
layout(local_size_x = 256) in;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;      // pairs
    int outOff;
    int addOff;     // amplitudes
    int positions;
    int pairs;      // of the spectrogram
    int inPitch;
    int outPitch;
    int addPitch;
    float epsilon;
} p;

void main() {
    int n = int(gl_GlobalInvocationID.x), c = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    if (n >= p.positions) {
        return;
    }

    int from = p.inOff + piece + 2 * (c % p.pairs) * p.inPitch + n;
    float re = Floats(p.arena).v[from], im = Floats(p.arena).v[from + p.inPitch];
    float size = sqrt(re * re + im * im);
    if (PHASES == 0) {
        Floats(p.arena).v[p.outOff + piece + c * p.outPitch + n] = size;
        return;
    }

    float wanted = Floats(p.arena).v[p.addOff + piece + c * p.addPitch + n], length_ = p.epsilon + size;
    int to = p.outOff + piece + 2 * c * p.outPitch + n;
    Floats(p.arena).v[to] = length_ == 0.0 ? wanted : wanted * (re / length_);
    Floats(p.arena).v[to + p.outPitch] = length_ == 0.0 ? 0.0 : wanted * (im / length_);
}
