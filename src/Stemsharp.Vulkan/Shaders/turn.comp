#version 450
// Rows and positions of a value change places: tiles of 32 x 32, read and written with neighbours side by side. What
// follows the last position in a row of the result is zero. With ADDS another value, which lies as the result does, is added.
#include "common.glsl"

layout(constant_id = 0) const int TYPES = 0; // bit 0: input, bit 1: what is added, bit 2: output is half
layout(constant_id = 1) const int ADDS = 0;
layout(local_size_x = 256) in;

const bool IN_HALF = (TYPES & 1) != 0;
const bool ADD_HALF = (TYPES & 2) != 0;
const bool OUT_HALF = (TYPES & 4) != 0;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int rows;       // of the input
    int columns;
    int inRow;      // from one row to the next
    int outRow;
    int inPitch;
    int outPitch;
    int outLength;  // positions of the result's rows
    int addOff;
    int addPitch;
} p;

shared float sTile[32 * 33];

float at(int i, bool isHalf) {
#ifdef HALF
    if (isHalf) {
        return float(Halves(p.arena).v[i]);
    }
#endif
    return Floats(p.arena).v[i];
}

void put(int i, float v) {
#ifdef HALF
    if (OUT_HALF) {
        if (!(abs(v) <= 65504.0)) {
            Ints(p.arena).v[OVERFLOW_FLAG] = 1;
        }

        Halves(p.arena).v[i] = float16_t(v);
        return;
    }
#endif
    Floats(p.arena).v[i] = v;
}

void main() {
    int t = int(gl_LocalInvocationID.x), x = t & 31;
    int tiles = (p.outLength + 31) / 32;
    int row0 = int(gl_WorkGroupID.x) % tiles * 32, column0 = int(gl_WorkGroupID.x) / tiles * 32;
    int piece = int(gl_WorkGroupID.z) * p.pieceStride, channel = int(gl_WorkGroupID.y);
    int from = p.inOff + piece * (IN_HALF ? 2 : 1) + channel * p.inPitch, to = p.outOff + piece * (OUT_HALF ? 2 : 1) + channel * p.outPitch;
    int add = p.addOff + piece * (ADD_HALF ? 2 : 1) + channel * p.addPitch;
    for (int y = t >> 5; y < 32; y += 8) {
        bool inside = row0 + y < p.rows && column0 + x < p.columns;
        sTile[y * 33 + x] = inside ? at(from + (row0 + y) * p.inRow + column0 + x, IN_HALF) : 0.0;
    }

    barrier();
    for (int y = t >> 5; y < 32; y += 8) {
        if (column0 + y < p.columns && row0 + x < p.outLength) {
            int i = (column0 + y) * p.outRow + row0 + x;
            put(to + i, sTile[x * 33 + y] + (ADDS == 1 ? at(add + i, ADD_HALF) : 0.0));
        }
    }
}
