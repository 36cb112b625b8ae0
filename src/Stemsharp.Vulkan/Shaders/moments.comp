#version 450
// Mean and sum of squares about it of at most 4096 numbers of a group; merge.comp joins them.
// A group is `outer` stretches of `inner` neighbouring numbers, `pitch` apart.
#include "common.glsl"

layout(constant_id = 0) const int TYPES = 0;
layout(local_size_x = 256) in;

const bool IN_HALF = (TYPES & 1) != 0;
const int EACH = 16;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int slots;      // where the parts go
    int outer;
    int inner;
    int pitch;
    int rows;       // groups: first by channels, then by rows
    int groupStride;
    int rowStride;
    int parts;      // of a group
} p;

shared float sSum[256];

float total(float v) {
    int t = int(gl_LocalInvocationID.x);
    barrier();
    sSum[t] = v;
    barrier();
    [[unroll]] for (int half_ = 128; half_ > 0; half_ >>= 1) {
        if (t < half_) {
            sSum[t] += sSum[t + half_];
        }

        barrier();
    }

    return sSum[0];
}

void main() {
    int t = int(gl_LocalInvocationID.x);
    int group = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    int base = p.inOff + piece * (IN_HALF ? 2 : 1) + group / p.rows * p.groupStride + group % p.rows * p.rowStride;
    int size = p.outer * p.inner, start = int(gl_WorkGroupID.x) * 256 * EACH;
    float x[EACH];
    float sum = 0.0;
    [[unroll]] for (int i = 0; i < EACH; i++) {
        int e = start + i * 256 + t;
        x[i] = 0.0;
        if (e < size) {
            int o = e / p.inner, at = base + o * p.pitch + e - o * p.inner;
#ifdef HALF
            x[i] = IN_HALF ? float(Halves(p.arena).v[at]) : Floats(p.arena).v[at];
#else
            x[i] = Floats(p.arena).v[at];
#endif
            sum += x[i];
        }
    }

    float count = float(min(256 * EACH, size - start));
    float mean = total(sum) / count;
    float squares = 0.0;
    [[unroll]] for (int i = 0; i < EACH; i++) {
        if (start + i * 256 + t < size) {
            float d = x[i] - mean;
            squares = fma(d, d, squares);
        }
    }

    squares = total(squares);
    if (t == 0) {
        int slot = group * p.parts + int(gl_WorkGroupID.x);
        Float4s(p.arena).v[((p.slots + piece) >> 2) + slot] = vec4(mean, squares, count, 0.0);
    }
}
