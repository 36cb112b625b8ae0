#version 450
// Joins the moments of a group's parts, in a fixed order: (mean, rate, deviation).
#include "common.glsl"

layout(constant_id = 0) const int STANDARDIZE = 0; // unbiased, and epsilon beside the deviation
layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int slots;
    int outOff;
    int parts;
    float epsilon;
} p;

shared vec4 sPart[64];

vec4 join(vec4 a, vec4 b) {
    float n = a.z + b.z;
    if (b.z == 0.0) {
        return a;
    }

    if (a.z == 0.0) {
        return b;
    }

    float d = b.x - a.x, share = b.z / n;
    precise float mean = a.x + d * share;
    precise float squares = a.y + b.y + d * d * a.z * share;
    return vec4(mean, squares, n, 0.0);
}

void main() {
    int t = int(gl_LocalInvocationID.x);
    int group = int(gl_WorkGroupID.x), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    int first = ((p.slots + piece) >> 2) + group * p.parts;
    vec4 sum = vec4(0.0);
    for (int i = t; i < p.parts; i += 64) {
        sum = join(sum, Float4s(p.arena).v[first + i]);
    }

    sPart[t] = sum;
    barrier();
    [[unroll]] for (int half_ = 32; half_ > 0; half_ >>= 1) {
        if (t < half_) {
            sPart[t] = join(sPart[t], sPart[t + half_]);
        }

        barrier();
    }

    if (t == 0) {
        sum = sPart[0];
        float deviation = sqrt(sum.y / (STANDARDIZE == 1 ? sum.z - 1.0 : sum.z));
        float rate = STANDARDIZE == 1 ? 1.0 / (p.epsilon + deviation) : 1.0 / sqrt(sum.y / sum.z + p.epsilon);
        Float4s(p.arena).v[((p.outOff + piece) >> 2) + group] = vec4(sum.x, rate, deviation, 0.0);
    }
}
