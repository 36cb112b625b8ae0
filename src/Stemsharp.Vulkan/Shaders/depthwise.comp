#version 450
// A convolution of each channel on its own along the positions of a row, zeros around it. Weights are [channels, taps], biases behind them.
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
    int vectors;
    int channels;
    int taps;
    int columns;
    int rowLength;
    int inPitch;
    int outPitch;
} p;

void main() {
    int n = int(gl_GlobalInvocationID.x), c = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride;
    if (n >= p.columns) {
        return;
    }

    int t = n % p.rowLength - p.taps / 2;
    int from = p.inOff + piece * (IN_HALF ? 2 : 1) + c * p.inPitch + n - p.taps / 2;
    float sum = Floats(p.weights).v[p.vectors + p.channels * p.taps + c];
    for (int k = 0; k < p.taps; k++) {
        if (uint(t + k) < uint(p.rowLength)) {
#ifdef HALF
            float x = IN_HALF ? float(Halves(p.arena).v[from + k]) : Floats(p.arena).v[from + k];
#else
            float x = Floats(p.arena).v[from + k];
#endif
            sum = fma(x, Floats(p.weights).v[p.vectors + c * p.taps + k], sum);
        }
    }

    int to = p.outOff + piece * (OUT_HALF ? 2 : 1) + c * p.outPitch + n;
#ifdef HALF
    if (OUT_HALF) {
        if (!(abs(sum) <= 65504.0)) {
            Ints(p.arena).v[OVERFLOW_FLAG] = 1;
        }

        Halves(p.arena).v[to] = float16_t(sum);
        return;
    }
#endif
    Floats(p.arena).v[to] = sum;
}
