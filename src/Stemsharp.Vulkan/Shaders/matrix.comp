#version 450
// Products of halves with sums in single precision, on cooperative matrices: tiles of BM x BN, TM x TN a subgroup. Each
// number is one chain over k, sixteen terms a link, in order, whatever the tiles are. Where halves are not exact enough,
// the operand is the sum of two.
#include "gemm_common.glsl"
#include "matrix.glsl"

const int SUBGROUPS_N = BN / TN;
const int SUBGROUPS = (BM / TM) * SUBGROUPS_N;
const int THREADS = SUBGROUPS * SG;
const int LA = BK + 8; // rows of shared memory, in halves; the rest keeps columns in different banks
const int LB = BN + 8;
const int SW = TN < 32 ? TN : 32; // columns that a subgroup takes out at once
const int LS = SW + 4;
const int FM = TM / 16;
const int FN = TN / 16;
const int NA = (BM * BK / 8 + THREADS - 1) / THREADS;
const int NB = (BK * BN / 8 + THREADS - 1) / THREADS; // eight columns at a time
const int NP = (BK * BN / 2 + THREADS - 1) / THREADS; // two

shared uvec4 sa[BM * LA / 8];
shared uvec4 sb[BK * LB / 8];
shared uvec4 sRest[IS_SPLIT ? BK * LB / 8 : 1]; // what rounding to halves left
shared uvec4 sStage[SUBGROUPS * 16 * LS / 4];
shared ivec4 sColumns[LOADER == POINT ? 1 : BN];
shared float sReduce[IS_MOMENTS ? THREADS : 1];

uvec4 ra[NA], rb[LOADER == POINT ? NB : 1], rbRest[IS_SPLIT && LOADER == POINT ? NB : 1];
uint rp[LOADER == POINT ? 1 : NP], rest[IS_SPLIT ? NP : 1];

vec2 pair(int k, int c) {
    vec2 v = vec2(0.0);
    if (k < g.K) {
        if (LOADER == WINDOW) {
            ivec2 tap = Int2s(p.weights).v[p.tableOff + k];
            int df = tap.y >> 16, dt = tap.y & 0xffff, base = inBase() + tap.x;
            UNROLL for (int j = 0; j < 2; j++) {
                ivec4 column = sColumns[c + j];
                if (isInside(column, df, dt)) {
                    v[j] = loadAt(base + column.x);
                }
            }
        } else {
            float weight = Floats(p.weights).v[p.tableOff + 2 * k], bias = Floats(p.weights).v[p.tableOff + 2 * k + 1];
            int base = inBase() + k * p.inPitch;
            UNROLL for (int j = 0; j < 2; j++) {
                ivec4 column = sColumns[c + j];
                if (column.w != 0) {
                    int s = p.loaderStats + piece() + 4 * (BY_ROW ? column.y : 0);
                    precise float x = (loadAt(base + column.x) - Floats(p.arena).v[s]) * Floats(p.arena).v[s + 1] * weight + bias;
                    v[j] = gelu(x);
                }
            }
        }
    }

    return v;
}

void keepPair(int i, vec2 v) {
    rp[i] = packHalf2x16(v);
    if (IS_SPLIT) {
        rest[i] = packHalf2x16(v - unpackHalf2x16(rp[i]));
    }
}

void loadTiles(int k0, int row0, int n0, int t) {
    UNROLL for (int i = 0; i < NA; i++) {
        int e = i * THREADS + t, row = row0 + e / (BK / 8);
        ra[i] = uvec4(0);
        if (e < BM * BK / 8 && row < g.mPad) {
            ra[i] = Half8s(p.weights).v[(g.matrix + row * g.kPad + k0 + (e % (BK / 8)) * 8) >> 3];
        }
    }

    if (LOADER == POINT) {
        int base = inBase() + n0;
        UNROLL for (int i = 0; i < NB; i++) {
            int e = i * THREADS + t, k = k0 + e / (BN / 8);
            uvec4 v = uvec4(0), left = uvec4(0);
            if (e < BK * BN / 8 && k < g.K) {
                int at = base + k * p.inPitch + (e % (BN / 8)) * 8;
                if (IN_HALF) {
                    v = Half8s(p.arena).v[at >> 3];
                } else {
                    vec4 a = Float4s(p.arena).v[at >> 2], b = Float4s(p.arena).v[(at >> 2) + 1];
                    v = uvec4(pack4(a), pack4(b));
                    left = IS_SPLIT ? uvec4(pack4(a - unpack4(v.xy)), pack4(b - unpack4(v.zw))) : left;
                }
            }

            rb[i] = v;
            if (IS_SPLIT) {
                rbRest[i] = left;
            }
        }
    } else if (LOADER == BLOCK) {
        // One tap: what depends on it and on the column is found once for all channels.
        ivec2 tap = Int2s(p.weights).v[p.tableOff + min(k0, g.K - 1)];
        int df = k0 < g.K ? tap.y >> 16 : p.inRows + 0xffff, dt = tap.y & 0xffff, base = inBase() + tap.x;
        const int COLUMNS = THREADS % (BN / 2) == 0 ? 1 : NP; // pairs of columns that a thread sees
        int at[2 * COLUMNS];
        UNROLL for (int i = 0; i < COLUMNS; i++) {
            UNROLL for (int j = 0; j < 2; j++) {
                ivec4 column = sColumns[((i * THREADS + t) % (BN / 2)) * 2 + j];
                at[2 * i + j] = isInside(column, df, dt) ? base + column.x : -1;
            }
        }

        UNROLL for (int i = 0; i < NP; i++) {
            int e = i * THREADS + t, k = e / (BN / 2) * p.inPitch;
            vec2 v = vec2(0.0);
            if (e < BK * BN / 2) {
                UNROLL for (int j = 0; j < 2; j++) {
                    int from = at[(COLUMNS == 1 ? 0 : 2 * i) + j];
                    if (from >= 0) {
                        v[j] = loadAt(from + k);
                    }
                }
            }

            keepPair(i, v);
        }
    } else {
        UNROLL for (int i = 0; i < NP; i++) {
            int e = i * THREADS + t;
            keepPair(i, e < BK * BN / 2 ? pair(k0 + e / (BN / 2), (e % (BN / 2)) * 2) : vec2(0.0));
        }
    }
}

void storeTiles(int t) {
    UNROLL for (int i = 0; i < NA; i++) {
        int e = i * THREADS + t;
        if (e < BM * BK / 8) {
            sa[(e / (BK / 8)) * (LA / 8) + e % (BK / 8)] = ra[i];
        }
    }

    if (LOADER == POINT) {
        UNROLL for (int i = 0; i < NB; i++) {
            int e = i * THREADS + t;
            if (e < BK * BN / 8) {
                sb[(e / (BN / 8)) * (LB / 8) + e % (BN / 8)] = rb[i];
                if (IS_SPLIT) {
                    sRest[(e / (BN / 8)) * (LB / 8) + e % (BN / 8)] = rbRest[i];
                }
            }
        }
    } else {
        UNROLL for (int i = 0; i < NP; i++) {
            int e = i * THREADS + t;
            if (e < BK * BN / 2) {
                int word = (e / (BN / 2)) * (LB / 2) + e % (BN / 2);
                sb[word >> 2][word & 3] = rp[i];
                if (IS_SPLIT) {
                    sRest[word >> 2][word & 3] = rest[i];
                }
            }
        }
    }
}

// Of all threads, a power of two.
float total(float v, int t) {
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
    int lane = int(gl_SubgroupInvocationID), w = int(gl_SubgroupID), t = w * SG + lane;
    int wm = (w / SUBGROUPS_N) * TM, wn = (w % SUBGROUPS_N) * TN;
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

    MATRIX_C acc[FM * FN];
    UNROLL for (int i = 0; i < FM * FN; i++) {
        acc[i] = ZERO_C;
    }

    loadTiles(0, row0, n0, t);
    for (int k0 = 0; k0 < g.kPad; k0 += BK) {
        barrier();
        storeTiles(t);
        barrier();
        if (k0 + BK < g.kPad) {
            loadTiles(k0 + BK, row0, n0, t);
        }

        UNROLL for (int k = 0; k < BK; k += 16) {
            MATRIX_A a[FM];
            MATRIX_B b[FN];
            UNROLL for (int i = 0; i < FM; i++) {
                LOAD_HALVES(a[i], sa, (wm + i * 16) * LA + k, LA, false);
            }

            UNROLL for (int j = 0; j < FN; j++) {
                LOAD_HALVES(b[j], sb, k * LB + wn + j * 16, LB, false);
            }

            UNROLL for (int i = 0; i < FM; i++) {
                UNROLL for (int j = 0; j < FN; j++) {
                    MULTIPLY_ADD(a[i], b[j], acc[i * FN + j]);
                }
            }

            if (IS_SPLIT) {
                UNROLL for (int j = 0; j < FN; j++) {
                    LOAD_HALVES(b[j], sRest, k * LB + wn + j * 16, LB, false);
                    UNROLL for (int i = 0; i < FM; i++) {
                        MULTIPLY_ADD(a[i], b[j], acc[i * FN + j]);
                    }
                }
            }
        }
    }

    // Sums leave by way of shared memory, where each thread knows which it has: a subgroup's 16 rows by SW columns at once.
    int stage = w * 16 * LS;
    float mean = 0.0, count = float(min(BM, g.M - row0) * tile.y);
    UNROLL for (int pass = 0; pass < (IS_MOMENTS ? 2 : 1); pass++) {
        float sum = 0.0;
        UNROLL for (int i = 0; i < FM; i++) {
            UNROLL for (int part = 0; part < TN / SW; part++) {
                UNROLL for (int j = 0; j < SW / 16; j++) {
                    STORE_SINGLES(acc[i * FN + part * (SW / 16) + j], sStage, stage + j * 16, LS);
                }

                subgroupShared();
                const int STEP = (IS_GLU || IS_ROTARY) && !IS_MOMENTS ? 2 : 1;
                for (int e = lane; e < 16 / STEP * (SW / 4); e += SG) {
                    int r = e / (SW / 4) * STEP, c = (e % (SW / 4)) * 4;
                    int row = row0 + wm + i * 16 + r, column = wn + part * SW + c, exist = min(4, tile.y - column);
                    if (row < g.M && exist > 0) {
                        int n = n0 + column;
                        vec4 v = uintBitsToFloat(sStage[(stage + r * LS + c) >> 2]), gate = vec4(0.0);
                        UNROLL for (int x = 0; x < 4; x++) {
                            v[x] = withBias(v[x], row, min(n + x, p.columns - 1));
                        }

                        if (IS_MOMENTS) {
                            UNROLL for (int x = 0; x < 4; x++) {
                                float d = v[x] - mean;
                                sum += x < exist ? pass == 0 ? v[x] : d * d : 0.0;
                            }
                        } else {
                            if (IS_GLU || IS_ROTARY) {
                                gate = uintBitsToFloat(sStage[(stage + (r + 1) * LS + c) >> 2]);
                                UNROLL for (int x = 0; x < 4; x++) {
                                    gate[x] = withBias(gate[x], row + 1, min(n + x, p.columns - 1));
                                }
                            }

                            if (IS_ROTARY) {
                                if (row < p.start) {
                                    turn4(v, gate, row, n);
                                }

                                finish4(row + 1, n, exist, gate, vec4(0.0));
                            }

                            finish4(row, n, exist, v, gate);
                        }
                    }
                }

                subgroupShared();
            }
        }

        if (IS_MOMENTS) {
            sum = total(sum, t);
            if (pass == 0) {
                mean = sum / count;
            } else if (t == 0) {
                int slot = int(gl_WorkGroupID.y) * int(gl_NumWorkGroups.x) + int(gl_WorkGroupID.x);
                Float4s(p.arena).v[((p.stats + piece()) >> 2) + slot] = vec4(mean, sum, count, 0.0);
            }
        }
    }
}
