#version 450
// x / max(|x|, 1e-12) * gamma over the channels at each position, the square root of their number in gamma; 32 positions a
// workgroup, eight threads share one. With BANDED each workgroup has the channels of a band, which are lines of a
// spectrogram: where each lies is in a table. What follows the last position in a row is zero.
#include "common.glsl"

layout(constant_id = 0) const int TYPES = 0;   // bit 0: input, bit 2: output is half
layout(constant_id = 1) const int BANDED = 0;
layout(local_size_x = 256) in;

const bool IN_HALF = (TYPES & 1) != 0;
const bool OUT_HALF = (TYPES & 4) != 0;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int gamma;
    int channels;
    int columns;
    int rowLength;  // columns that are written
    int inPitch;
    int outPitch;
    int bands;      // first line and number of lines of each
    int lines;      // where each line lies behind the input's start
} p;

shared float sSum[256];

float at(int line, int n) {
    int i = p.inOff + int(gl_WorkGroupID.z) * p.pieceStride * (IN_HALF ? 2 : 1) + n;
    i += BANDED == 1 ? Ints(p.weights).v[p.lines + line] : line * p.inPitch;
#ifdef HALF
    return IN_HALF ? float(Halves(p.arena).v[i]) : Floats(p.arena).v[i];
#else
    return Floats(p.arena).v[i];
#endif
}

void main() {
    int t = int(gl_LocalInvocationID.x);
    int n = int(gl_WorkGroupID.x) * 32 + (t & 31), band = int(gl_WorkGroupID.y);
    int first = BANDED == 1 ? Ints(p.weights).v[p.bands + 2 * band] : 0;
    int end = BANDED == 1 ? first + Ints(p.weights).v[p.bands + 2 * band + 1] : p.channels;
    float squares = 0.0;
    for (int c = first + (t >> 5); c < end; c += 8) {
        float v = n < p.columns ? at(c, n) : 0.0;
        squares = fma(v, v, squares);
    }

    sSum[t] = squares;
    barrier();
    squares = 0.0;
    [[unroll]] for (int i = 0; i < 8; i++) {
        squares += sSum[i * 32 + (t & 31)];
    }

    if (n >= p.rowLength) {
        return;
    }

    float rate = 1.0 / max(sqrt(squares), 1e-12);
    int out_ = p.outOff + int(gl_WorkGroupID.z) * p.pieceStride * (OUT_HALF ? 2 : 1) + n;
    for (int c = first + (t >> 5); c < end; c += 8) {
        float v = n < p.columns ? at(c, n) * rate * Floats(p.weights).v[p.gamma + c] : 0.0;
#ifdef HALF
        if (OUT_HALF) {
            if (!(abs(v) <= 65504.0)) {
                Ints(p.arena).v[OVERFLOW_FLAG] = 1;
            }

            Halves(p.arena).v[out_ + c * p.outPitch] = float16_t(v);
            continue;
        }
#endif
        Floats(p.arena).v[out_ + c * p.outPitch] = v;
    }
}
