#version 450
// What happens to each number by itself and found no product to live in.
#include "common.glsl"
#include "math.glsl"

layout(constant_id = 0) const int OPS = 0;
layout(constant_id = 1) const int TYPES = 0;
layout(local_size_x = 256) in;

const bool IS_NORMED = (OPS & 1) != 0;
const bool IS_AFFINE = (OPS & 2) != 0;
const bool IS_GELU = (OPS & 4) != 0;
const bool IS_RELU = (OPS & 8) != 0;
const bool IS_GLU = (OPS & 16) != 0;
const bool HAS_SCALE = (OPS & 32) != 0;
const bool HAS_ADD = (OPS & 64) != 0;
const bool HAS_TABLE = (OPS & 128) != 0;
const bool IS_RESTORED = (OPS & 256) != 0;
const bool IS_TANH = (OPS & 512) != 0;
const bool IS_ELU = (OPS & 1024) != 0;
const bool IS_SILU = (OPS & 2048) != 0;
const bool IS_MUL = (OPS & 4096) != 0;  // times a second value, which lies where an added one would
const bool IN_HALF = (TYPES & 1) != 0;
const bool ADD_HALF = (TYPES & 2) != 0;
const bool OUT_HALF = (TYPES & 4) != 0;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int addOff;
    int vectors;     // weights and biases by channel, or factors
    int stats;
    int groupChannels;
    int statRows;    // rows with statistics of their own, or 1
    int channels;    // of the output
    int columns;
    int rowLength;
    int inLength;    // of an input's row
    int shift;       // where the input starts
    int inPitch;
    int outPitch;
    int addPitch;
    int table;
    int tableC;
    int tableF;
    int tableT;
    int before;      // zeros in front of a row
    int inColumns;   // positions of the input; what lies outside of them is zero
    float alpha;
} p;

float read(int i, bool isHalf) {
#ifdef HALF
    if (isHalf) {
        return float(Halves(p.arena).v[i]);
    }
#endif
    return Floats(p.arena).v[i];
}

float operand(int c, int row, int n, bool inside) {
    int piece = int(gl_WorkGroupID.z) * p.pieceStride;
    float v = inside ? read(p.inOff + piece * (IN_HALF ? 2 : 1) + c * p.inPitch + n, IN_HALF) : 0.0;
    if (IS_NORMED) {
        int s = p.stats + piece + 4 * (c / p.groupChannels * p.statRows + (p.statRows > 1 ? row : 0));
        precise float normed = (v - Floats(p.arena).v[s]) * Floats(p.arena).v[s + 1];
        v = normed;
    }

    if (IS_AFFINE) {
        int all = IS_GLU ? 2 * p.channels : p.channels;
        precise float scaled = v * Floats(p.weights).v[p.vectors + c] + Floats(p.weights).v[p.vectors + all + c];
        v = scaled;
    }

    return v;
}

void main() {
    int n = int(gl_GlobalInvocationID.x), c = int(gl_WorkGroupID.y);
    if (n >= p.columns) {
        return;
    }

    int piece = int(gl_WorkGroupID.z) * p.pieceStride;
    int row = n / p.rowLength, t = n - row * p.rowLength;
    int source = row * p.inLength + t - p.before + p.shift;
    bool inside = uint(t - p.before) < uint(p.inLength) && uint(source) < uint(p.inColumns);
    precise float v = operand(c, row, source, inside);
    if (IS_GLU) {
        v *= sigmoid(operand(c + p.channels, row, source, inside));
    }

    if (IS_GELU) {
        v = gelu(v);
    }

    if (IS_RELU) {
        v = max(v, 0.0);
    }

    if (IS_TANH) {
        v = tanhExact(v);
    }

    if (IS_ELU) {
        v = v > 0.0 ? v : p.alpha * expMinusOne(max(v, -86.0));
    }

    if (IS_SILU) {
        v *= sigmoid(v);
    }

    if (HAS_SCALE) {
        v *= Floats(p.weights).v[p.vectors + c];
    }

    if (HAS_TABLE) {
        v += Floats(p.weights).v[p.table + c * p.tableC + row * p.tableF + t * p.tableT];
    }

    if (HAS_ADD) {
        v += read(p.addOff + piece * (ADD_HALF ? 2 : 1) + c * p.addPitch + n, ADD_HALF);
    }

    if (IS_MUL) {
        v *= read(p.addOff + piece * (ADD_HALF ? 2 : 1) + c * p.addPitch + n, ADD_HALF);
    }

    if (IS_RESTORED) {
        v = v * Floats(p.arena).v[p.stats + piece + 2] + Floats(p.arena).v[p.stats + piece];
    }

    int i = p.outOff + piece * (OUT_HALF ? 2 : 1) + c * p.outPitch + n;
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
