#version 450
// Attention of each row along its steps with a penalty that grows with the distance. A thread has a query, a workgroup some of a row and
// a head; softmax runs along.
#include "common.glsl"
#include "math.glsl"

layout(constant_id = 0) const int WIDTH = 16;  // channels of a head
layout(constant_id = 1) const int DECAYS = 4;
layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int queries;
    int keys;
    int contents;
    int decays;
    int outOff;
    int steps;      // of a row
    int tiles;      // workgroups of a row
    int pitch;      // of queries, keys, contents
    int decayPitch;
    int outPitch;
    float scale;
    float self;     // a step's score with itself
} p;

void main() {
    int piece = int(gl_WorkGroupID.z) * p.pieceStride, head = int(gl_WorkGroupID.y);
    int row = int(gl_WorkGroupID.x) / p.tiles, s = int(gl_WorkGroupID.x) % p.tiles * 64 + int(gl_LocalInvocationID.x);
    if (s >= p.steps) {
        return;
    }

    int first = row * p.steps, at = piece + head * WIDTH * p.pitch + first;
    float slope = 0.0;
    for (int f = 0; f < DECAYS; f++) {
        slope += float(f + 1) * sigmoid(Floats(p.arena).v[p.decays + piece + (head * DECAYS + f) * p.decayPitch + first + s]);
    }

    slope *= 0.5 / sqrt(float(DECAYS));
    float query[WIDTH], mean[WIDTH];
    for (int d = 0; d < WIDTH; d++) {
        query[d] = Floats(p.arena).v[p.queries + at + d * p.pitch + s] * p.scale;
        mean[d] = 0.0;
    }

    float most = -3.0e38, total = 0.0;
    for (int t = 0; t < p.steps; t++) {
        float score = 0.0;
        for (int d = 0; d < WIDTH; d++) {
            score = fma(query[d], Floats(p.arena).v[p.keys + at + d * p.pitch + t], score);
        }

        score = t == s ? p.self : score - slope * float(abs(s - t));
        float larger = max(most, score), old = expExact(max(most - larger, -87.0)), share = expExact(max(score - larger, -87.0));
        total = fma(total, old, share);
        for (int d = 0; d < WIDTH; d++) {
            mean[d] = fma(mean[d], old, share * Floats(p.arena).v[p.contents + at + d * p.pitch + t]);
        }

        most = larger;
    }

    for (int d = 0; d < WIDTH; d++) {
        Floats(p.arena).v[p.outOff + piece + (head * WIDTH + d) * p.outPitch + first + s] = mean[d] / total;
    }
}
