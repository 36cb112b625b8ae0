#version 450
// The same numbers in the same order in other channels.
#include "common.glsl"

layout(constant_id = 0) const int TYPES = 0; // bit 0: input, bit 2: output is half
layout(local_size_x = 256) in;

const bool IN_HALF = (TYPES & 1) != 0;
const bool OUT_HALF = (TYPES & 4) != 0;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int inPositions;  // of a channel
    int outPositions;
    int inPitch;
    int outPitch;
} p;

void main() {
    int n = int(gl_GlobalInvocationID.x), channel = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    if (n >= p.outPositions) {
        return;
    }

    int number = channel * p.outPositions + n, from = number / p.inPositions;
    int source = p.inOff + piece * (IN_HALF ? 2 : 1) + from * p.inPitch + number - from * p.inPositions;
    int target = p.outOff + piece * (OUT_HALF ? 2 : 1) + channel * p.outPitch + n;
    float v;
#ifdef HALF
    v = IN_HALF ? float(Halves(p.arena).v[source]) : Floats(p.arena).v[source];
    if (OUT_HALF) {
        if (!(abs(v) <= 65504.0)) {
            Ints(p.arena).v[OVERFLOW_FLAG] = 1;
        }

        Halves(p.arena).v[target] = float16_t(v);
        return;
    }
#else
    v = Floats(p.arena).v[source];
#endif
    Floats(p.arena).v[target] = v;
}
