#version 450
// Overlapping frames of rows, one after the other as rows of their own; or, with JOINS, the middles of such frames as rows again.
#include "common.glsl"

layout(constant_id = 0) const int JOINS = 0;
layout(local_size_x = 256) in;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int positions;  // of the result
    int rowLength;
    int inLength;   // of a row of the input
    int step_;      // from frame to frame
    int count;      // frames of a row
    int inPitch;
    int outPitch;
} p;

void main() {
    int n = int(gl_GlobalInvocationID.x), c = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    if (n >= p.positions) {
        return;
    }

    int row = n / p.rowLength, t = n - row * p.rowLength, from;
    bool inside = true;
    if (JOINS == 1) {
        int frame = clamp((t - (p.inLength - p.step_) / 2) / p.step_, 0, p.count - 1);
        from = (row * p.count + frame) * p.inLength + t - frame * p.step_;
    } else {
        int whole = row / p.count, at = (row - whole * p.count) * p.step_ + t;
        inside = at < p.inLength;
        from = whole * p.inLength + at;
    }

    Floats(p.arena).v[p.outOff + piece + c * p.outPitch + n] = inside ? Floats(p.arena).v[p.inOff + piece + c * p.inPitch + from] : 0.0;
}
