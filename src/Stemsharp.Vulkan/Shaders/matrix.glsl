// Cooperative matrices: a subgroup holds a tile together, each thread some of its numbers. EMULATED plays them on
// subgroups of eight, so that the same kernels run, slowly, where there are none.
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require

// The three dimensions are constants of their own, so that the three kinds of matrix have types of their own.
layout(constant_id = 16) const int CM = 16;
layout(constant_id = 17) const int CN = 16;
layout(constant_id = 18) const int CK = 16;
layout(constant_id = 19) const int SG = 32; // threads of a subgroup

#ifndef EMULATED
#define UNROLL [[unroll]]
#extension GL_NV_cooperative_matrix : require
#define MATRIX_A fcoopmatNV<16, gl_ScopeSubgroup, CM, CK>
#define MATRIX_B fcoopmatNV<16, gl_ScopeSubgroup, CK, CN>
#define MATRIX_C fcoopmatNV<32, gl_ScopeSubgroup, CM, CN>
#define MATRIX_H fcoopmatNV<16, gl_ScopeSubgroup, CM, CN>
#define ZERO_C MATRIX_C(0.0)
// Offsets and strides count halves, or singles; arrays are of vectors of 16 bytes.
#define LOAD_HALVES(m, array, offset, stride, columns) coopMatLoadNV(m, array, uint((offset) / 8), uint((stride) / 8), columns)
#define LOAD_SINGLES(m, array, offset, stride) coopMatLoadNV(m, array, uint((offset) / 4), uint((stride) / 4), false)
#define STORE_SINGLES(m, array, offset, stride) coopMatStoreNV(m, array, uint((offset) / 4), uint((stride) / 4), false)
#define LOAD_COLUMNS(m, array, offset, stride) coopMatLoadNV(m, array, uint(offset), uint(stride), true)
#define STORE_COLUMNS(c, array, offset, stride) { MATRIX_H h_ = MATRIX_H(c); coopMatStoreNV(h_, array, uint(offset), uint(stride), true); }
#define MULTIPLY_ADD(a, b, c) c = coopMatMulAddNV(a, b, c)
#define TIMES(m, f) { for (int i_ = 0; i_ < m.length(); i_++) { m[i_] = m[i_] * f[i_]; } }
#else
#define UNROLL [[dont_unroll]]
struct Emulated { float e[32]; };
#define MATRIX_A Emulated
#define MATRIX_B Emulated
#define MATRIX_C Emulated
Emulated zeros() { Emulated m; for (int i = 0; i < 32; i++) { m.e[i] = 0.0; } return m; }
#define ZERO_C zeros()
int cell(int i, int stride, bool columns) {
    int index = i * 8 + int(gl_SubgroupInvocationID), row = index / 16, column = index % 16;
    return columns ? column * stride + row : row * stride + column;
}
#define LOAD_HALVES(m, array, offset, stride, columns) { for (int i_ = 0; i_ < 32; i_++) { int h_ = (offset) + cell(i_, stride, columns); m.e[i_] = unpackHalf2x16(array[h_ >> 3][(h_ >> 1) & 3])[h_ & 1]; } }
#define LOAD_SINGLES(m, array, offset, stride) { for (int i_ = 0; i_ < 32; i_++) { int h_ = (offset) + cell(i_, stride, false); m.e[i_] = uintBitsToFloat(array[h_ >> 2][h_ & 3]); } }
#define STORE_SINGLES(m, array, offset, stride) { for (int i_ = 0; i_ < 32; i_++) { int h_ = (offset) + cell(i_, stride, false); array[h_ >> 2][h_ & 3] = floatBitsToUint(m.e[i_]); } }
#define LOAD_COLUMNS(m, array, offset, stride) { for (int i_ = 0; i_ < 32; i_++) { m.e[i_] = float(array[(offset) + cell(i_, stride, true)]); } }
#define STORE_COLUMNS(c, array, offset, stride) { for (int i_ = 0; i_ < 32; i_++) { array[(offset) + cell(i_, stride, true)] = float16_t(c.e[i_]); } }
void multiplyAdd(Emulated a, Emulated b, inout Emulated c) {
    for (int row = 0; row < 16; row++) {
        for (int k = 0; k < 16; k++) {
            float v = subgroupShuffle(a.e[row * 2 + (k >> 3)], uint(k & 7));
            c.e[row * 2] = fma(v, b.e[k * 2], c.e[row * 2]);
            c.e[row * 2 + 1] = fma(v, b.e[k * 2 + 1], c.e[row * 2 + 1]);
        }
    }
}
#define MULTIPLY_ADD(a, b, c) multiplyAdd(a, b, c)
#define TIMES(m, f) { for (int i_ = 0; i_ < 32; i_++) { m.e[i_] *= f.e[i_]; } }
#endif

void subgroupShared() {
    subgroupMemoryBarrierShared();
    subgroupBarrier();
}
