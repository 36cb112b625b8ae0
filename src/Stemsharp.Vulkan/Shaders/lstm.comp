#version 450
// The steps of an LSTM whose input has been multiplied already: gates = that + matrix * state, gates in the order input, forget, cell,
// output. A workgroup has some neighbouring sequences in one direction and does all of their steps; states lie in shared memory. A thread
// has four sequences of a unit, or of several. Each number of a product is one chain over the units, in order.
#include "common.glsl"
#include "math.glsl"

layout(constant_id = 0) const int TYPES = 0;  // bit 2: output is half
layout(constant_id = 1) const int UNITS = 16;
layout(constant_id = 2) const int FOURS = 1;  // sequences of a workgroup, divided by four
layout(local_size_x = 256) in;

const bool OUT_HALF = (TYPES & 4) != 0;
const int ITEMS = (UNITS * FOURS + 255) / 256;
const int AHEAD = 4;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int matrix;     // [direction][unit of the state][unit][gate], in its own elements
    int steps;
    int sequences;  // from a step to the next, a multiple of 16
    int inPitch;
    int outPitch;
} p;

shared vec4 sState[UNITS * FOURS];

vec4 gates(int k, int unit, int first) {
#ifdef HALF
    return unpack4(Half4s(p.weights).v[first + k * UNITS + unit]);
#else
    return Float4s(p.weights).v[first + k * UNITS + unit];
#endif
}

vec4 sigmoid4(vec4 v) { return vec4(sigmoid(v.x), sigmoid(v.y), sigmoid(v.z), sigmoid(v.w)); }

vec4 tanh4(vec4 v) { return vec4(tanhExact(v.x), tanhExact(v.y), tanhExact(v.z), tanhExact(v.w)); }

void main() {
    int t = int(gl_LocalInvocationID.x), direction = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    int sequence0 = int(gl_WorkGroupID.x) * FOURS * 4;
    int first = (p.matrix >> 2) + direction * UNITS * UNITS;
    vec4 cell[ITEMS], state[ITEMS];
    [[unroll]] for (int i = 0; i < ITEMS; i++) {
        cell[i] = vec4(0.0);
        if (i * 256 + t < UNITS * FOURS) {
            sState[i * 256 + t] = vec4(0.0);
        }
    }

    barrier();
    for (int step_ = 0; step_ < p.steps; step_++) {
        int at = (direction == 0 ? step_ : p.steps - 1 - step_) * p.sequences + sequence0;
        [[unroll]] for (int i = 0; i < ITEMS; i++) {
            int item = i * 256 + t, unit = item % UNITS, four = item / UNITS;
            if (item < UNITS * FOURS) {
                int from = p.inOff + piece + (direction * 4 * UNITS + unit) * p.inPitch + at + 4 * four;
                vec4 a0 = Float4s(p.arena).v[from >> 2], a1 = Float4s(p.arena).v[(from + UNITS * p.inPitch) >> 2];
                vec4 a2 = Float4s(p.arena).v[(from + 2 * UNITS * p.inPitch) >> 2], a3 = Float4s(p.arena).v[(from + 3 * UNITS * p.inPitch) >> 2];
                int k = 0;
                for (; k <= UNITS - AHEAD; k += AHEAD) {
                    vec4 w[AHEAD];
                    [[unroll]] for (int j = 0; j < AHEAD; j++) {
                        w[j] = gates(k + j, unit, first);
                    }

                    [[unroll]] for (int j = 0; j < AHEAD; j++) {
                        vec4 h = sState[(k + j) * FOURS + four];
                        a0 = fma(vec4(w[j].x), h, a0);
                        a1 = fma(vec4(w[j].y), h, a1);
                        a2 = fma(vec4(w[j].z), h, a2);
                        a3 = fma(vec4(w[j].w), h, a3);
                    }
                }

                for (; k < UNITS; k++) {
                    vec4 w = gates(k, unit, first), h = sState[k * FOURS + four];
                    a0 = fma(vec4(w.x), h, a0);
                    a1 = fma(vec4(w.y), h, a1);
                    a2 = fma(vec4(w.z), h, a2);
                    a3 = fma(vec4(w.w), h, a3);
                }

                cell[i] = fma(sigmoid4(a1), cell[i], sigmoid4(a0) * tanh4(a2));
                state[i] = sigmoid4(a3) * tanh4(cell[i]);
            }
        }

        barrier();
        [[unroll]] for (int i = 0; i < ITEMS; i++) {
            int item = i * 256 + t, unit = item % UNITS, four = item / UNITS;
            if (item < UNITS * FOURS) {
                sState[unit * FOURS + four] = state[i];
                int to = p.outOff + piece * (OUT_HALF ? 2 : 1) + (direction * UNITS + unit) * p.outPitch + at + 4 * four;
#ifdef HALF
                if (OUT_HALF) {
                    Half4s(p.arena).v[to >> 2] = pack4(state[i]);
                    continue;
                }
#endif
                Float4s(p.arena).v[to >> 2] = state[i];
            }
        }

        barrier();
    }
}
