#version 450
// One pass of the transform, in place: butterflies of RADIX points, a column apart, then twiddles.
#include "transform_common.glsl"
#include "complex.glsl"
layout(constant_id = 0) const int RADIX = 8;
layout(local_size_x = 64) in;

// Cosines and sines, and what rounding left of them.
const vec2 HALF_SQRT2 = vec2(0.7071067690849304, 1.2101617485882343e-08);
const vec4 THIRDS[3] = vec4[](
    vec4(1.0, 0.0, 0.0, 0.0), vec4(-0.5, -0.8660253882408142, 0.0, -1.5543625053737742e-08), vec4(-0.5, 0.8660253882408142, 0.0, 1.5543625053737742e-08));
const vec4 FIFTHS[5] = vec4[](
    vec4(1.0, 0.0, 0.0, 0.0),
    vec4(0.30901700258255005, -0.9510565400123596, -8.207602597565256e-09, 2.3717205976936384e-08),
    vec4(-0.80901700258255, -0.5877852439880371, 8.207602597565256e-09, -8.304436249773062e-09),
    vec4(-0.80901700258255, 0.5877852439880371, 8.207602597565256e-09, 8.304436249773062e-09),
    vec4(0.30901700258255005, 0.9510565400123596, -8.207602597565256e-09, -2.3717205976936384e-08));

void main() {
    int tiles = (p.frames + 63) / 64;
    int t = int(gl_WorkGroupID.x) % tiles * 64 + int(gl_LocalInvocationID.x), b = int(gl_WorkGroupID.x) / tiles;
    int plane = int(gl_WorkGroupID.y);
    if (t >= p.frames) {
        return;
    }

    int columns = p.passLength / RADIX, column = b % columns, first = b / columns * p.passLength + column;
    Complex x[RADIX], y[RADIX];
    int base = p.inOff + pieceBase();
    [[unroll]] for (int r = 0; r < RADIX; r++) {
        x[r] = load(base, plane, first + r * columns, t);
    }

    if (RADIX == 8) {
        Complex a0 = plus(x[0], x[4 % RADIX]), b0 = minus(x[0], x[4 % RADIX]);
        Complex a1 = plus(x[1], x[5 % RADIX]), b1 = minus(x[1], x[5 % RADIX]);
        Complex a2 = plus(x[2 % RADIX], x[6 % RADIX]), b2 = minusI(minus(x[2 % RADIX], x[6 % RADIX]));
        Complex a3 = plus(x[3 % RADIX], x[7 % RADIX]), b3 = minus(x[3 % RADIX], x[7 % RADIX]);
        b1 = scaled(plus(b1, minusI(b1)), HALF_SQRT2.xx, HALF_SQRT2.yy);
        b3 = scaled(minus(minusI(b3), b3), HALF_SQRT2.xx, HALF_SQRT2.yy);
        Complex c0 = plus(a0, a2), c1 = minus(a0, a2), c2 = plus(a1, a3), c3 = minusI(minus(a1, a3));
        Complex d0 = plus(b0, b2), d1 = minus(b0, b2), d2 = plus(b1, b3), d3 = minusI(minus(b1, b3));
        y[0] = plus(c0, c2);
        y[1] = plus(d0, d2);
        y[2 % RADIX] = plus(c1, c3);
        y[3 % RADIX] = plus(d1, d3);
        y[4 % RADIX] = minus(c0, c2);
        y[5 % RADIX] = minus(d0, d2);
        y[6 % RADIX] = minus(c1, c3);
        y[7 % RADIX] = minus(d1, d3);
    } else if (RADIX == 4) {
        Complex a = plus(x[0], x[2 % RADIX]), b = minus(x[0], x[2 % RADIX]), c = plus(x[1], x[3 % RADIX]), d = minusI(minus(x[1], x[3 % RADIX]));
        y[0] = plus(a, c);
        y[1] = plus(b, d);
        y[2 % RADIX] = minus(a, c);
        y[3 % RADIX] = minus(b, d);
    } else if (RADIX == 2) {
        y[0] = plus(x[0], x[1]);
        y[1] = minus(x[0], x[1]);
    } else {
        // Three or five, by definition.
        [[unroll]] for (int r = 0; r < RADIX; r++) {
            y[r] = x[0];
            [[unroll]] for (int s = 1; s < RADIX; s++) {
                int i = (r * s) % RADIX;
                y[r] = plus(y[r], turned(x[s], RADIX == 3 ? THIRDS[min(i, 2)] : FIFTHS[min(i, 4)]));
            }
        }
    }

    [[unroll]] for (int r = 0; r < RADIX; r++) {
        Complex v = y[r];
        if (r > 0 && columns > 1) {
            v = turned(v, factorAt(p.table, column * (RADIX - 1) + r - 1));
        }

        store(base, plane, first + r * columns, t, v);
    }
}
