#version 450
// Products in single precision: tiles of BM x BN, TM x TN a thread. Each number is one chain of multiply-adds over k, in
// order, whatever the tiles are.
#include "gemm_common.glsl"

const int TN4 = TN / 4;
const int THREADS_N = BN / TN;
const int THREADS = (BM / TM) * THREADS_N;
const int NA = (BK * BM / 4 + THREADS - 1) / THREADS;
const int NB = (BK * BN / 4 + THREADS - 1) / THREADS;

shared vec4 sa[BK * BM / 4];
shared vec4 sb[BK * BN / 4];
shared ivec4 sColumns[LOADER == POINT ? 1 : BN]; // the window's place in the input: index, row, position
shared float sReduce[IS_MOMENTS ? THREADS : 1];

vec4 ra[NA], rb[NB];

void loadTiles(int k0, int row0, int n0) {
    int t = int(gl_LocalInvocationID.x);
    [[unroll]] for (int i = 0; i < NA; i++) {
        int e = i * THREADS + t;
        int k = e / (BM / 4), m = row0 + (e % (BM / 4)) * 4;
        ra[i] = vec4(0.0);
        if (e < BK * BM / 4 && m < g.mPad) {
#ifdef HALF
            ra[i] = unpack4(Half4s(p.weights).v[(g.matrix + (k0 + k) * g.mPad + m) >> 2]);
#else
            ra[i] = Float4s(p.weights).v[(g.matrix + (k0 + k) * g.mPad + m) >> 2];
#endif
        }
    }

    int base = inBase();
    if (LOADER == BLOCK) {
        // One tap: what depends on it and on the column is found once for all channels.
        ivec2 tap = Int2s(p.weights).v[p.tableOff + min(k0, g.K - 1)];
        int df = k0 < g.K ? tap.y >> 16 : p.inRows + 0xffff, dt = tap.y & 0xffff;
        const int COLUMNS = THREADS % (BN / 4) == 0 ? 1 : NB; // sets of four columns that a thread sees
        int at[4 * COLUMNS];
        [[unroll]] for (int i = 0; i < COLUMNS; i++) {
            [[unroll]] for (int j = 0; j < 4; j++) {
                ivec4 column = sColumns[((i * THREADS + t) % (BN / 4)) * 4 + j];
                at[4 * i + j] = isInside(column, df, dt) ? base + tap.x + column.x : -1;
            }
        }

        [[unroll]] for (int i = 0; i < NB; i++) {
            int e = i * THREADS + t, k = e / (BN / 4) * p.inPitch;
            rb[i] = vec4(0.0);
            if (e < BK * BN / 4) {
                [[unroll]] for (int j = 0; j < 4; j++) {
                    int from = at[(COLUMNS == 1 ? 0 : 4 * i) + j];
                    if (from >= 0) {
                        rb[i][j] = loadAt(from + k);
                    }
                }
            }
        }

        return;
    }

    [[unroll]] for (int i = 0; i < NB; i++) {
        int e = i * THREADS + t;
        int k = k0 + e / (BN / 4), c = (e % (BN / 4)) * 4;
        vec4 v = vec4(0.0);
        if (e < BK * BN / 4 && k < g.K) {
            if (LOADER == POINT) {
                v = load4(base + k * p.inPitch + n0 + c);
            } else if (LOADER == WINDOW) {
                ivec2 tap = Int2s(p.weights).v[p.tableOff + k];
                int df = tap.y >> 16, dt = tap.y & 0xffff;
                [[unroll]] for (int j = 0; j < 4; j++) {
                    ivec4 column = sColumns[c + j];
                    if (isInside(column, df, dt)) {
                        v[j] = loadAt(base + tap.x + column.x);
                    }
                }
            } else {
                float weight = Floats(p.weights).v[p.tableOff + 2 * k], bias = Floats(p.weights).v[p.tableOff + 2 * k + 1];
                [[unroll]] for (int j = 0; j < 4; j++) {
                    ivec4 column = sColumns[c + j];
                    if (column.w != 0) {
                        int s = p.loaderStats + piece() + 4 * (BY_ROW ? column.y : 0);
                        precise float x = (loadAt(base + k * p.inPitch + column.x) - Floats(p.arena).v[s]) * Floats(p.arena).v[s + 1] * weight + bias;
                        v[j] = gelu(x);
                    }
                }
            }
        }

        rb[i] = v;
    }
}

// Of all threads, a power of two.
float total(float v) {
    int t = int(gl_LocalInvocationID.x);
    barrier();
    sReduce[t] = v;
    barrier();
    for (int part = THREADS / 2; part > 0; part >>= 1) {
        if (t < part) {
            sReduce[t] += sReduce[t + part];
        }

        barrier();
    }

    return sReduce[0];
}

void main() {
    int t = int(gl_LocalInvocationID.x);
    int tr = t / THREADS_N, tc = t % THREADS_N;
    int row0 = int(gl_WorkGroupID.x) * BM;
    findGroup();
    if (IS_GROUPED && row0 >= g.M) {
        return;
    }

    ivec2 tile = tileColumns();
    int n0 = tile.x;
    if (LOADER != POINT) {
        for (int c = t; c < BN; c += THREADS) {
            sColumns[c] = ivec4(windowColumn(n0 + c).xyz, c < tile.y ? 1 : 0);
        }

        barrier();
    }

    vec4 acc[TM * TN4];
    [[unroll]] for (int i = 0; i < TM * TN4; i++) {
        acc[i] = vec4(0.0);
    }

    loadTiles(0, row0, n0);
    for (int k0 = 0; k0 < g.kPad; k0 += BK) {
        barrier();
        [[unroll]] for (int i = 0; i < NA; i++) {
            int e = i * THREADS + t;
            if (e < BK * BM / 4) {
                sa[e] = ra[i];
            }
        }

        [[unroll]] for (int i = 0; i < NB; i++) {
            int e = i * THREADS + t;
            if (e < BK * BN / 4) {
                sb[e] = rb[i];
            }
        }

        barrier();
        if (k0 + BK < g.kPad) {
            loadTiles(k0 + BK, row0, n0);
        }

        [[unroll]] for (int k = 0; k < BK; k++) {
            vec4 b[TN4];
            [[unroll]] for (int j = 0; j < TN4; j++) {
                b[j] = sb[k * (BN / 4) + tc + j * THREADS_N];
            }

            [[unroll]] for (int i = 0; i < TM / 4; i++) {
                vec4 a = sa[k * (BM / 4) + tr * (TM / 4) + i];
                [[unroll]] for (int j = 0; j < TN4; j++) {
                    acc[(4 * i) * TN4 + j] = fma(vec4(a.x), b[j], acc[(4 * i) * TN4 + j]);
                    acc[(4 * i + 1) * TN4 + j] = fma(vec4(a.y), b[j], acc[(4 * i + 1) * TN4 + j]);
                    acc[(4 * i + 2) * TN4 + j] = fma(vec4(a.z), b[j], acc[(4 * i + 2) * TN4 + j]);
                    acc[(4 * i + 3) * TN4 + j] = fma(vec4(a.w), b[j], acc[(4 * i + 3) * TN4 + j]);
                }
            }
        }
    }

    int firstRow = row0 + tr * TM;
    [[unroll]] for (int i = 0; i < TM; i++) {
        int row = firstRow + i;
        if (row < g.M) {
            [[unroll]] for (int j = 0; j < TN4; j++) {
                [[unroll]] for (int c = 0; c < 4; c++) {
                    acc[i * TN4 + j][c] = withBias(acc[i * TN4 + j][c], row, min(n0 + (tc + j * THREADS_N) * 4 + c, p.columns - 1));
                }
            }
        }
    }

    if (IS_ROTARY) {
        [[unroll]] for (int i = 0; i < TM; i += 2) {
            int row = firstRow + i;
            if (row < p.start) {
                [[unroll]] for (int j = 0; j < TN4; j++) {
                    turn4(acc[i * TN4 + j], acc[(i + 1) * TN4 + j], row, n0 + (tc + j * THREADS_N) * 4);
                }
            }
        }
    }

    if (IS_MOMENTS) {
        // The tile's mean, then its squares about that mean; tiles are merged later.
        int rows = min(BM, g.M - row0);
        float sum = 0.0;
        [[unroll]] for (int i = 0; i < TM; i++) {
            [[unroll]] for (int j = 0; j < TN4; j++) {
                [[unroll]] for (int c = 0; c < 4; c++) {
                    bool valid = tr * TM + i < rows && (tc + j * THREADS_N) * 4 + c < tile.y;
                    sum += valid ? acc[i * TN4 + j][c] : 0.0;
                }
            }
        }

        float count = float(rows * tile.y);
        float mean = total(sum) / count;
        float squares = 0.0;
        [[unroll]] for (int i = 0; i < TM; i++) {
            [[unroll]] for (int j = 0; j < TN4; j++) {
                [[unroll]] for (int c = 0; c < 4; c++) {
                    bool valid = tr * TM + i < rows && (tc + j * THREADS_N) * 4 + c < tile.y;
                    float d = acc[i * TN4 + j][c] - mean;
                    squares += valid ? d * d : 0.0;
                }
            }
        }

        squares = total(squares);
        if (t == 0) {
            int slot = int(gl_WorkGroupID.y) * int(gl_NumWorkGroups.x) + int(gl_WorkGroupID.x);
            Float4s(p.arena).v[((p.stats + piece()) >> 2) + slot] = vec4(mean, squares, count, 0.0);
        }

        return;
    }

    [[unroll]] for (int i = 0; i < TM; i += IS_GLU ? 2 : 1) {
        int row = firstRow + i;
        [[unroll]] for (int j = 0; j < TN4; j++) {
            int c = (tc + j * THREADS_N) * 4;
            int count = min(4, tile.y - c);
            if (row < g.M && count > 0) {
                finish4(row, n0 + c, count, acc[i * TN4 + j], acc[min(i + 1, TM - 1) * TN4 + j]);
            }
        }
    }
}
