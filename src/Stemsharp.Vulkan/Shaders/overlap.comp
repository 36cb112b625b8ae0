#version 450
// A stem's samples: the windowed frames that lie over each, and the waveform of the time branch. A workgroup has 32
// neighbouring samples of 32 neighbouring hops: read with frames side by side, written with samples side by side.
#include "transform_common.glsl"
layout(local_size_x = 256) in;

shared float sTile[32 * 33];

void main() {
    int tiles = (p.hop + 31) / 32;
    int r0 = int(gl_WorkGroupID.x) % tiles * 32, u0 = int(gl_WorkGroupID.x) / tiles * 32;
    int wanted = int(gl_WorkGroupID.y), t = int(gl_LocalInvocationID.x);
    int base = p.inOff + pieceBase(), u = u0 + (t & 31), n = 2 * p.points;
    for (int r = t >> 5; r < 32; r += 8) {
        float sum = 0.0;
        for (int j = r0 + r, frame = u; j < n && r0 + r < p.hop; j += p.hop, frame--) {
            if (frame >= 0 && frame < p.frames) {
                float v = Floats(p.arena).v[base + pointAt(wanted, (j & 1) == 0 ? 1 : 0, Ints(p.weights).v[p.map + (j >> 1)], frame)];
                sum = fma(v, Floats(p.weights).v[p.table + j], sum);
            }
        }

        sTile[(t & 31) * 33 + r] = sum;
    }

    barrier();
    for (int row = t >> 5; row < 32; row += 8) {
        int r = r0 + (t & 31), i = (u0 + row) * p.hop + r - p.passLength;
        if (r < p.hop && i >= 0 && i < p.samples) {
            float sum = sTile[row * 33 + (t & 31)];
            if (p.envelope >= 0) {
                sum *= Floats(p.weights).v[p.envelope + i];
            }

            if (p.addOff >= 0) {
                sum += Floats(p.arena).v[p.addOff + pieceBase() + wantedPlane(wanted) * p.addPitch + i];
            }

            if (isnan(sum) || isinf(sum)) {
                Ints(p.arena).v[OVERFLOW_FLAG + 1] = 1;
            }

            Floats(p.arena).v[p.outOff + pieceBase() + wanted * p.outPitch + i] = sum;
        }
    }
}
