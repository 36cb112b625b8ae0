// What all kernels share. Values live in one arena: each piece has the same layout, pieceStride floats apart, and every
// offset that a kernel gets is that of piece 0. Offsets count elements of the operand's own type. Weights and tables
// live in a buffer of their own.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#ifdef HALF
#extension GL_EXT_shader_16bit_storage : require
#endif

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Float4s { vec4 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Ints { int v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) buffer Int2s { ivec2 v[]; };
#ifdef HALF
layout(buffer_reference, std430, buffer_reference_align = 2) buffer Halves { float16_t v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) buffer Half4s { uvec2 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Half8s { uvec4 v[]; };

vec4 unpack4(uvec2 h) { return vec4(unpackHalf2x16(h.x), unpackHalf2x16(h.y)); }
uvec2 pack4(vec4 v) { return uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw)); }
#endif

// The arena's first word is set where a number was too large for 16 bits.
#define OVERFLOW_FLAG 0
