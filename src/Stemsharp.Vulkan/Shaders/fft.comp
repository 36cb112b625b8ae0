#version 450
// One pass of the transform, in place: butterflies of RADIX points, a column apart, then twiddles.
#include "transform_common.glsl"
layout(constant_id = 0) const int RADIX = 8;
layout(local_size_x = 64) in;

const float HALF_SQRT2 = 0.70710678118654752;
const vec2 THIRDS[3] = vec2[](vec2(1.0, 0.0), vec2(-0.5, -0.86602540378443865), vec2(-0.5, 0.86602540378443865));
const vec2 FIFTHS[5] = vec2[](
    vec2(1.0, 0.0), vec2(0.30901699437494742, -0.95105651629515357), vec2(-0.80901699437494742, -0.58778525229247313),
    vec2(-0.80901699437494742, 0.58778525229247313), vec2(0.30901699437494742, 0.95105651629515357));

vec2 minusI(vec2 a) { return vec2(a.y, -a.x); }

void main() {
    int tiles = (p.frames + 63) / 64;
    int t = int(gl_WorkGroupID.x) % tiles * 64 + int(gl_LocalInvocationID.x), b = int(gl_WorkGroupID.x) / tiles;
    int plane = int(gl_WorkGroupID.y);
    if (t >= p.frames) {
        return;
    }

    int columns = p.passLength / RADIX, column = b % columns, first = b / columns * p.passLength + column;
    vec2 x[RADIX], y[RADIX];
    int base = p.inOff + pieceBase();
    [[unroll]] for (int r = 0; r < RADIX; r++) {
        int point = first + r * columns;
        x[r] = vec2(Floats(p.arena).v[base + pointAt(plane, 0, point, t)], Floats(p.arena).v[base + pointAt(plane, 1, point, t)]);
    }

    if (RADIX == 8) {
        vec2 a0 = x[0] + x[4 % RADIX], b0 = x[0] - x[4 % RADIX];
        vec2 a1 = x[1] + x[5 % RADIX], b1 = x[1] - x[5 % RADIX];
        vec2 a2 = x[2 % RADIX] + x[6 % RADIX], b2 = minusI(x[2 % RADIX] - x[6 % RADIX]);
        vec2 a3 = x[3 % RADIX] + x[7 % RADIX], b3 = x[3 % RADIX] - x[7 % RADIX];
        b1 = vec2(b1.x + b1.y, b1.y - b1.x) * HALF_SQRT2;
        b3 = vec2(b3.y - b3.x, -(b3.x + b3.y)) * HALF_SQRT2;
        vec2 c0 = a0 + a2, c1 = a0 - a2, c2 = a1 + a3, c3 = minusI(a1 - a3);
        vec2 d0 = b0 + b2, d1 = b0 - b2, d2 = b1 + b3, d3 = minusI(b1 - b3);
        y[0] = c0 + c2;
        y[1] = d0 + d2;
        y[2 % RADIX] = c1 + c3;
        y[3 % RADIX] = d1 + d3;
        y[4 % RADIX] = c0 - c2;
        y[5 % RADIX] = d0 - d2;
        y[6 % RADIX] = c1 - c3;
        y[7 % RADIX] = d1 - d3;
    } else if (RADIX == 4) {
        vec2 a = x[0] + x[2 % RADIX], b = x[0] - x[2 % RADIX], c = x[1] + x[3 % RADIX], d = minusI(x[1] - x[3 % RADIX]);
        y[0] = a + c;
        y[1] = b + d;
        y[2 % RADIX] = a - c;
        y[3 % RADIX] = b - d;
    } else if (RADIX == 2) {
        y[0] = x[0] + x[1];
        y[1] = x[0] - x[1];
    } else {
        // Three or five, by definition.
        [[unroll]] for (int r = 0; r < RADIX; r++) {
            y[r] = x[0];
            [[unroll]] for (int s = 1; s < RADIX; s++) {
                int i = (r * s) % RADIX;
                vec2 w = RADIX == 3 ? THIRDS[min(i, 2)] : FIFTHS[min(i, 4)];
                y[r] += vec2(x[s].x * w.x - x[s].y * w.y, x[s].x * w.y + x[s].y * w.x);
            }
        }
    }

    [[unroll]] for (int r = 0; r < RADIX; r++) {
        vec2 v = y[r];
        if (r > 0 && columns > 1) {
            int i = p.table + 2 * (column * (RADIX - 1) + r - 1);
            float c = Floats(p.weights).v[i], s = Floats(p.weights).v[i + 1];
            precise vec2 turned = vec2(fma(v.x, c, -(v.y * s)), fma(v.x, s, v.y * c));
            v = turned;
        }

        int point = first + r * columns;
        Floats(p.arena).v[base + pointAt(plane, 0, point, t)] = v.x;
        Floats(p.arena).v[base + pointAt(plane, 1, point, t)] = v.y;
    }
}
