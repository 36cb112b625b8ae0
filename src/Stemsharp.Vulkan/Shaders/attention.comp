#version 450
// softmax(q'k / sqrt(d)) v for one head, block by block with a running softmax: BQ queries a workgroup, 32 keys a block.
// Rows of positions are sequences of their own. A thread has four queries; eight neighbouring threads share them and divide the keys, then the channels.
#include "common.glsl"
#include "math.glsl"
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require

layout(constant_id = 0) const int BQ = 32;
layout(constant_id = 1) const int DP = 64;     // channels of a head, rounded up to 16
layout(constant_id = 2) const int APART = 1;   // whether keys and values have room of their own
layout(constant_id = 3) const int TYPES = 0;   // bit 0: operands are halves; bit 2: so is the output
layout(constant_id = 4) const int GATED = 0;   // whether the output is multiplied by the sigmoid of a gate for each head and query
layout(local_size_x_id = 31, local_size_y = 1, local_size_z = 1) in;

const bool IN_HALF = (TYPES & 1) != 0;
const bool OUT_HALF = (TYPES & 4) != 0;
const int BK = 32;                             // part of what a number is: the order of its sums
const int THREADS = BQ * 2;
const int ND = DP / 8;
const int VP = DP + 2;                         // row of values, so that columns fall into different banks

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
    int width;      // channels of a head
    int qPitch;
    int kPitch;
    int outPitch;
    float scale;    // log2(e) / sqrt(width)
    int rowLength;  // positions from one sequence to the next
    int gateOff;
    int gatePitch;
} p;

shared vec4 sq[DP * BQ / 4];
shared vec4 sk[DP * BK / 4 + BK / 2];
shared vec4 sv[APART == 1 ? BK * VP / 4 : 1];
shared vec4 sp[BK * BQ / 4];

vec4 load4(int i) {
#ifdef HALF
    if (IN_HALF) {
        return unpack4(Half4s(p.arena).v[i >> 2]);
    }
#endif
    return Float4s(p.arena).v[i >> 2];
}

// Values are kept key by key, two channels at a time.
void storeValue(int key, int d, float v) {
    int i = key * VP + d;
    if (APART == 1) {
        sv[i >> 2][i & 3] = v;
    } else {
        sk[i >> 2][i & 3] = v;
    }
}

vec2 values(int key, int d) {
    int i = key * VP + d;
    vec4 v = APART == 1 ? sv[i >> 2] : sk[i >> 2];
    return (i & 2) == 0 ? v.xy : v.zw;
}

void stageValues(int base, int k0, int t) {
    for (int e = t; e < DP * BK / 4; e += THREADS) {
        int d = e / (BK / 4), key = (e % (BK / 4)) * 4;
        vec4 v = d < p.width ? load4(base + d * p.kPitch + k0 + key) : vec4(0.0);
        [[unroll]] for (int i = 0; i < 4; i++) {
            storeValue(key + i, d, k0 + key + i < p.keys ? v[i] : 0.0);
        }
    }
}

float widest(float v) {
    v = max(v, subgroupShuffleXor(v, 1u));
    v = max(v, subgroupShuffleXor(v, 2u));
    return max(v, subgroupShuffleXor(v, 4u));
}

float sumOf8(float v) {
    v += subgroupShuffleXor(v, 1u);
    v += subgroupShuffleXor(v, 2u);
    return v + subgroupShuffleXor(v, 4u);
}

void main() {
    int t = int(gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID);
    int qg = t / 8, kg = t % 8;
    int tiles = (p.queries + BQ - 1) / BQ, first = int(gl_WorkGroupID.x) / tiles * p.rowLength;
    int head = int(gl_WorkGroupID.y), q0 = int(gl_WorkGroupID.x) % tiles * BQ;
    int piece = int(gl_WorkGroupID.z) * p.pieceStride;
    int pieceIn = piece * (IN_HALF ? 2 : 1);
    int qBase = p.qOff + pieceIn + head * p.width * p.qPitch + first + q0;
    int kBase = p.kOff + pieceIn + head * p.width * p.kPitch + first;
    int vBase = p.vOff + pieceIn + head * p.width * p.kPitch + first;
    for (int e = t; e < DP * BQ / 4; e += THREADS) {
        int d = e / (BQ / 4);
        sq[e] = d < p.width ? load4(qBase + d * p.qPitch + (e % (BQ / 4)) * 4) * p.scale : vec4(0.0);
    }

    vec4 m = vec4(-1e30), l = vec4(0.0);
    vec4 o[ND];
    [[unroll]] for (int i = 0; i < ND; i++) {
        o[i] = vec4(0.0);
    }

    for (int k0 = 0; k0 < p.keys; k0 += BK) {
        barrier();
        for (int e = t; e < DP * BK / 4; e += THREADS) {
            int d = e / (BK / 4);
            sk[e] = d < p.width ? load4(kBase + d * p.kPitch + k0 + (e % (BK / 4)) * 4) : vec4(0.0);
        }

        if (APART == 1) {
            stageValues(vBase, k0, t);
        }

        barrier();

        // s[i] holds the four queries' scores with key 4 kg + i.
        vec4 s[4];
        [[unroll]] for (int i = 0; i < 4; i++) {
            s[i] = vec4(0.0);
        }

        for (int d = 0; d < DP; d++) {
            vec4 q = sq[d * (BQ / 4) + qg], k = sk[d * (BK / 4) + kg];
            s[0] = fma(q, vec4(k.x), s[0]);
            s[1] = fma(q, vec4(k.y), s[1]);
            s[2] = fma(q, vec4(k.z), s[2]);
            s[3] = fma(q, vec4(k.w), s[3]);
        }

        [[unroll]] for (int i = 0; i < 4; i++) {
            s[i] = k0 + 4 * kg + i < p.keys ? s[i] : vec4(-1e30);
        }

        vec4 next = max(m, max(max(s[0], s[1]), max(s[2], s[3])));
        vec4 alpha, sum = vec4(0.0);
        [[unroll]] for (int c = 0; c < 4; c++) {
            next[c] = widest(next[c]);
            alpha[c] = exp2Exact(m[c] - next[c]);
            [[unroll]] for (int i = 0; i < 4; i++) {
                s[i][c] = exp2Exact(s[i][c] - next[c]);
                sum[c] += s[i][c];
            }

            sum[c] = sumOf8(sum[c]);
        }

        m = next;
        l = fma(l, alpha, sum);
        [[unroll]] for (int i = 0; i < 4; i++) {
            sp[(4 * kg + i) * (BQ / 4) + qg] = s[i];
        }

        if (APART == 0) {
            barrier();
            stageValues(vBase, k0, t);
        }

        barrier();
        [[unroll]] for (int i = 0; i < ND; i++) {
            o[i] *= alpha;
        }

        for (int key = 0; key < BK; key++) {
            vec4 w = sp[key * (BQ / 4) + qg];
            [[unroll]] for (int i = 0; i < ND / 2; i++) {
                vec2 v = values(key, kg * ND + 2 * i);
                o[2 * i] = fma(w, vec4(v.x), o[2 * i]);
                o[2 * i + 1] = fma(w, vec4(v.y), o[2 * i + 1]);
            }
        }
    }

    vec4 rate = 1.0 / l;
    int outBase = p.outOff + piece * (OUT_HALF ? 2 : 1) + first;
    int q = q0 + 4 * qg;
    if (GATED == 1) {
        vec4 gate = Float4s(p.arena).v[(p.gateOff + piece + head * p.gatePitch + first + q) >> 2];
        [[unroll]] for (int c = 0; c < 4; c++) {
            rate[c] *= sigmoid(gate[c]);
        }
    }

    [[unroll]] for (int i = 0; i < ND; i++) {
        int d = kg * ND + i;
        if (d < p.width) {
            vec4 v = o[i] * rate;
            int at = outBase + (head * p.width + d) * p.outPitch + q;
            [[unroll]] for (int c = 0; c < 4; c++) {
                if (q + c < p.queries) {
#ifdef HALF
                    if (OUT_HALF) {
                        Halves(p.arena).v[at + c] = float16_t(v[c]);
                        continue;
                    }
#endif
                    Floats(p.arena).v[at + c] = v[c];
                }
            }
        }
    }
}
