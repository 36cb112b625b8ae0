#version 450
// Norm over the channels at each position, then tables added; 32 positions a workgroup, eight threads share one.
// In front of it, where wanted, a norm over everything whose statistics are known; its result is stored as well.
#include "common.glsl"

layout(constant_id = 0) const int TYPES = 0;   // bit 0: input, bit 2: output is half
layout(constant_id = 1) const int TABLES = 0;  // how many tables are added, at most 2
layout(constant_id = 2) const int GROUPED = 0; // whether there is a norm in front of this one
layout(local_size_x = 256) in;

const bool IN_HALF = (TYPES & 1) != 0;
const bool OUT_HALF = (TYPES & 4) != 0;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int vectors;    // weights, biases; with GROUPED those of the norm in front as well
    int channels;
    int columns;
    int rowLength;
    int inPitch;
    int outPitch;
    float epsilon;
    int table[2];
    int tableC[2];
    int tableF[2];
    int tableT[2];
    int stats;
    int restOff;    // where the norm in front stores its result
} p;

shared float sSum[256];

float at(int c, int n) {
    int i = p.inOff + int(gl_WorkGroupID.z) * p.pieceStride * (IN_HALF ? 2 : 1) + c * p.inPitch + n;
    float v;
#ifdef HALF
    v = IN_HALF ? float(Halves(p.arena).v[i]) : Floats(p.arena).v[i];
#else
    v = Floats(p.arena).v[i];
#endif
    if (GROUPED == 1) {
        int s = p.stats + int(gl_WorkGroupID.z) * p.pieceStride;
        precise float normed = (v - Floats(p.arena).v[s]) * Floats(p.arena).v[s + 1] * Floats(p.weights).v[p.vectors + 2 * p.channels + c] + Floats(p.weights).v[p.vectors + 3 * p.channels + c];
        v = normed;
    }

    return v;
}

float total(float v) {
    int t = int(gl_LocalInvocationID.x);
    barrier();
    sSum[t] = v;
    barrier();
    float sum = 0.0;
    [[unroll]] for (int i = 0; i < 8; i++) {
        sum += sSum[i * 32 + (t & 31)];
    }

    return sum;
}

void main() {
    int t = int(gl_LocalInvocationID.x);
    int n = int(gl_WorkGroupID.x) * 32 + (t & 31), first = t >> 5;
    int column = min(n, p.columns - 1);
    float sum = 0.0;
    for (int c = first; c < p.channels; c += 8) {
        sum += at(c, column);
    }

    float mean = total(sum) / float(p.channels);
    float squares = 0.0;
    for (int c = first; c < p.channels; c += 8) {
        float d = at(c, column) - mean;
        squares = fma(d, d, squares);
    }

    float rate = 1.0 / sqrt(total(squares) / float(p.channels) + p.epsilon);
    if (n >= p.columns) {
        return;
    }

    int row = n / p.rowLength, position = n - row * p.rowLength;
    int piece = int(gl_WorkGroupID.z) * p.pieceStride;
    for (int c = first; c < p.channels; c += 8) {
        float x = at(c, column);
        precise float v = (x - mean) * rate * Floats(p.weights).v[p.vectors + c] + Floats(p.weights).v[p.vectors + p.channels + c];
        [[unroll]] for (int i = 0; i < TABLES; i++) {
            v += Floats(p.weights).v[p.table[i] + c * p.tableC[i] + row * p.tableF[i] + position * p.tableT[i]];
        }

        if (GROUPED == 1) {
            Floats(p.arena).v[p.restOff + piece + c * p.inPitch + n] = x;
        }

        int i = p.outOff + piece * (OUT_HALF ? 2 : 1) + c * p.outPitch + n;
#ifdef HALF
        if (OUT_HALF) {
            Halves(p.arena).v[i] = float16_t(v);
            continue;
        }
#endif
        Floats(p.arena).v[i] = v;
    }
}
