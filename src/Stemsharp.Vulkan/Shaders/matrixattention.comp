#version 450
// Attention on cooperative matrices: 16 queries a subgroup, 64 keys a block, a running softmax in single precision.
// Rows of positions are sequences of their own.
// Channels of a head are a multiple of 16; keys that are not there have weight zero.
#include "common.glsl"
#include "math.glsl"
#include "matrix.glsl"

layout(constant_id = 0) const int D = 64;         // channels of a head
layout(constant_id = 1) const int SUBGROUPS = 4;
layout(constant_id = 2) const int GATED = 0;      // whether the output is multiplied by the sigmoid of a gate for each head and query
layout(local_size_x_id = 31, local_size_y = 1, local_size_z = 1) in;

const int BK = 64;                                // part of what a number is: the order of its sums
const int LK = BK + 8;                            // rows of keys, values and weights, in halves
const int LS = BK + 8;                            // rows of scores, in singles
const int THREADS = SUBGROUPS * SG;
const int SHARE = SG >= 16 ? SG / 16 : 1;         // threads that share a query
const int PASSES = SG >= 16 ? 1 : 16 / SG;        // queries of a thread
const int FD = D / 16;

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int qOff;
    int kOff;
    int vOff;
    int outOff;
    int queries;
    int keys;
    int width;
    int qPitch;
    int kPitch;
    int outPitch;
    float scale;
    int rowLength;
    int gateOff;
    int gatePitch;
} p;

shared uvec4 sk[D * LK / 8];
shared uvec4 sv[D * LK / 8];
shared uvec4 ss[SUBGROUPS * 16 * LS / 4];
shared uvec4 sp[SUBGROUPS * 16 * LK / 8];

// Halves from key `first` of eight on are zero.
uvec4 upTo(uvec4 v, int first) {
    UNROLL for (int i = 0; i < 4; i++) {
        v[i] &= first >= 2 * i + 2 ? 0xffffffffu : first == 2 * i + 1 ? 0xffffu : 0u;
    }

    return v;
}

void main() {
    int lane = int(gl_SubgroupInvocationID), w = int(gl_SubgroupID), t = w * SG + lane;
    int head = int(gl_WorkGroupID.y), piece = int(gl_WorkGroupID.z) * p.pieceStride * 2;
    int tiles = (p.queries + SUBGROUPS * 16 - 1) / (SUBGROUPS * 16), first = int(gl_WorkGroupID.x) / tiles * p.rowLength;
    int q0 = (int(gl_WorkGroupID.x) % tiles * SUBGROUPS + w) * 16;
    bool idle = q0 >= p.queries;
    int from = idle ? 0 : q0;
    int qBase = p.qOff + piece + head * D * p.qPitch + first + from;
    int kBase = p.kOff + piece + head * D * p.kPitch + first;
    int vBase = p.vOff + piece + head * D * p.kPitch + first;
    int scores = w * 16 * LS, weights = w * 16 * LK;

    MATRIX_A q[FD];
    MATRIX_C o[FD];
    UNROLL for (int i = 0; i < FD; i++) {
        LOAD_COLUMNS(q[i], Halves(p.arena).v, qBase + i * 16 * p.qPitch, p.qPitch);
        o[i] = ZERO_C;
    }

    float m[PASSES], l[PASSES];
    UNROLL for (int i = 0; i < PASSES; i++) {
        m[i] = -1e30;
        l[i] = 0.0;
    }

    for (int k0 = 0; k0 < p.keys; k0 += BK) {
        barrier();
        for (int e = t; e < D * BK / 8; e += THREADS) {
            int d = e / (BK / 8), c = (e % (BK / 8)) * 8, at = d * p.kPitch + k0 + c;
            sk[d * (LK / 8) + c / 8] = Half8s(p.arena).v[(kBase + at) >> 3];
            sv[d * (LK / 8) + c / 8] = upTo(Half8s(p.arena).v[(vBase + at) >> 3], p.keys - k0 - c);
        }

        barrier();
        UNROLL for (int j = 0; j < BK / 16; j++) {
            MATRIX_C s = ZERO_C;
            UNROLL for (int i = 0; i < FD; i++) {
                MATRIX_B k;
                LOAD_HALVES(k, sk, i * 16 * LK + j * 16, LK, false);
                MULTIPLY_ADD(q[i], k, s);
            }

            STORE_SINGLES(s, ss, scores + j * 16, LS);
        }

        subgroupShared();
        UNROLL for (int pass = 0; pass < PASSES; pass++) {
            int row = lane / SHARE + pass * SG, part = lane % SHARE;
            float next = m[pass];
            UNROLL for (int j = 0; j < BK / 4 / SHARE; j++) {
                int c = (j * SHARE + part) * 4;
                vec4 s = uintBitsToFloat(ss[(scores + row * LS + c) >> 2]) * p.scale;
                UNROLL for (int x = 0; x < 4; x++) {
                    next = max(next, k0 + c + x < p.keys ? s[x] : -1e30);
                }
            }

            UNROLL for (int mask = 1; mask < SHARE; mask <<= 1) {
                next = max(next, subgroupShuffleXor(next, uint(mask)));
            }

            float sum = 0.0;
            UNROLL for (int j = 0; j < BK / 4 / SHARE; j++) {
                int c = (j * SHARE + part) * 4;
                vec4 s = uintBitsToFloat(ss[(scores + row * LS + c) >> 2]) * p.scale;
                UNROLL for (int x = 0; x < 4; x++) {
                    s[x] = k0 + c + x < p.keys ? exp2Exact(s[x] - next) : 0.0;
                    sum += s[x];
                }

                uvec2 packed = pack4(s);
                int word = (weights + row * LK + c) >> 1;
                sp[word >> 2][word & 3] = packed.x;
                sp[word >> 2][(word & 3) + 1] = packed.y;
            }

            UNROLL for (int mask = 1; mask < SHARE; mask <<= 1) {
                sum += subgroupShuffleXor(sum, uint(mask));
            }

            float alpha = exp2Exact(m[pass] - next);
            m[pass] = next;
            l[pass] = fma(l[pass], alpha, sum);
            subgroupShared();

            // The scores' first columns become what the output so far is multiplied by, sixteen times over.
            for (int j = part; j < 4; j += SHARE) {
                ss[(scores + row * LS + 4 * j) >> 2] = uvec4(floatBitsToUint(alpha));
            }
        }

        subgroupShared();
        MATRIX_C alphas;
        LOAD_SINGLES(alphas, ss, scores, LS);
        UNROLL for (int i = 0; i < FD; i++) {
            TIMES(o[i], alphas);
        }

        UNROLL for (int j = 0; j < BK / 16; j++) {
            MATRIX_A weight;
            LOAD_HALVES(weight, sp, weights + j * 16, LK, false);
            UNROLL for (int i = 0; i < FD; i++) {
                MATRIX_B v;
                LOAD_HALVES(v, sv, i * 16 * LK + j * 16, LK, true);
                MULTIPLY_ADD(weight, v, o[i]);
            }
        }
    }

    subgroupShared();
    UNROLL for (int pass = 0; pass < PASSES; pass++) {
        int row = lane / SHARE + pass * SG;
        float rate = 1.0 / l[pass];
        if (GATED == 1) {
            rate *= sigmoid(Floats(p.arena).v[p.gateOff + int(gl_WorkGroupID.z) * p.pieceStride + head * p.gatePitch + first + from + row]);
        }

        for (int j = lane % SHARE; j < 4; j += SHARE) {
            ss[(scores + row * LS + 4 * j) >> 2] = uvec4(floatBitsToUint(rate));
        }
    }

    subgroupShared();
    MATRIX_C rates;
    LOAD_SINGLES(rates, ss, scores, LS);
    int outBase = p.outOff + piece + head * D * p.outPitch + first + q0;
    UNROLL for (int i = 0; i < FD; i++) {
        TIMES(o[i], rates);
        if (!idle) {
            STORE_COLUMNS(o[i], Halves(p.arena).v, outBase + i * 16 * p.outPitch, p.outPitch);
        }
    }
}
