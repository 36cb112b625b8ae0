// What the product kernels share: constants, push constants, columns, and what happens to a finished number.
// out[m, n] = finish(sum over k of weights[m, k] * operand(k, n)); m output channels (or pairs, or phases), n positions.
#include "common.glsl"
#include "math.glsl"

layout(constant_id = 0) const int BM = 64;   // rows of a tile
layout(constant_id = 1) const int BN = 64;   // columns of a tile
layout(constant_id = 2) const int BK = 16;   // terms that are staged at once
layout(constant_id = 3) const int TM = 8;    // rows of a thread, or of a subgroup
layout(constant_id = 4) const int TN = 8;    // columns of a thread, or of a subgroup
layout(constant_id = 5) const int LOADER = 0;
layout(constant_id = 6) const int EPILOGUE = 0;
layout(constant_id = 7) const int TYPES = 0;
layout(local_size_x_id = 31, local_size_y = 1, local_size_z = 1) in;

// Loaders.
const int POINT = 0;   // operand(k, n) = in[k, n]
const int WINDOW = 1;  // a convolution's window, by a table of (offset, row and position) for each k
const int HIDDEN = 2;  // gelu of the normed in[k, n]
const int BLOCK = 3;   // a convolution's window where BK terms are always channels of one tap

// Epilogues.
const bool IS_GELU = (EPILOGUE & 1) != 0;
const bool IS_RELU = (EPILOGUE & 2) != 0;
const bool IS_GLU = (EPILOGUE & 4) != 0;           // rows 2c and 2c + 1 are value and gate of channel c
const bool HAS_SCALE = (EPILOGUE & 8) != 0;        // times a factor per channel
const bool HAS_ADD = (EPILOGUE & 16) != 0;         // plus a value of the output's shape
const bool HAS_TABLE = (EPILOGUE & 32) != 0;       // plus a table by channel and row
const bool IS_RESTORED = (EPILOGUE & 64) != 0;     // times the input's deviation, plus its mean
const bool IS_TRANSPOSED = (EPILOGUE & 128) != 0;  // rows are (channel, phase) of a transposed convolution
const bool ALONG_ROWS = (EPILOGUE & 256) != 0;     // ... along frequency
const bool IS_MOMENTS = (EPILOGUE & 512) != 0;     // no output but its moments
const bool IS_NORMED = (EPILOGUE & 1024) != 0;     // normed before anything else
const bool BY_ROW = (EPILOGUE & 2048) != 0;        // statistics are per row
const bool IS_GROUPED = (EPILOGUE & 4096) != 0;    // several products at once, each with its own matrix: see Group
const bool IS_TANH = (EPILOGUE & 8192) != 0;
const bool IS_ROTARY = (EPILOGUE & 16384) != 0;    // neighbouring rows are turned in pairs by their columns' positions
const bool IS_SPREAD = (EPILOGUE & 32768) != 0;    // rows are (row, channel, position) of the field that a column becomes

// Types.
const bool IN_HALF = (TYPES & 1) != 0;
const bool ADD_HALF = (TYPES & 2) != 0;
const bool OUT_HALF = (TYPES & 4) != 0;
const bool IS_SPLIT = (TYPES & 8) != 0;            // the operand is a sum of two halves, on cooperative matrices

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int addOff;
    int aOff;       // the matrix
    int vectors;    // bias, factors, norm weights, norm biases; mPad floats each
    int tableOff;   // the window's table, the hidden norm's weights and biases, or the groups
    int tableC;     // the added table, or the cosines and sines
    int loaderStats;
    int stats;      // of the epilogue's norm or restoration; where moments go
    int M;
    int K;
    int columns;
    int rowLength;  // columns of a row
    int inPitch;
    int outPitch;
    int inRows;
    int inLength;
    int strides;    // rows in the lower half, positions in the upper
    int pads;
    int mPad;
    int stride;     // of the transposed convolution, channels of a head that is turned, or positions of a field
    int start;      // ... or rows that are turned, or channels of fields
    int count;
    int kPad;
} p;

// The product that a workgroup works on: one of several, of as many columns each, or the only one.
struct Group {
    int matrix;
    int vectors;
    int input_;     // where its operand and its result lie behind those of the step
    int output_;
    int M;
    int K;
    int mPad;
    int kPad;
} g;

int piece() { return int(gl_WorkGroupID.z) * p.pieceStride; }

void findGroup() {
    if (IS_GROUPED) {
        int at = p.tableOff + 8 * (int(gl_WorkGroupID.y) / ((p.columns + BN - 1) / BN));
        g = Group(
            Ints(p.weights).v[at], Ints(p.weights).v[at + 1], Ints(p.weights).v[at + 2], Ints(p.weights).v[at + 3],
            Ints(p.weights).v[at + 4], Ints(p.weights).v[at + 5], Ints(p.weights).v[at + 6], Ints(p.weights).v[at + 7]);
    } else {
        g = Group(p.aOff, p.vectors, 0, 0, p.M, p.K, p.mPad, p.kPad);
    }
}

// The first column of the tile and how many of its columns there are.
ivec2 tileColumns() {
    int y = int(gl_WorkGroupID.y);
    if (IS_MOMENTS && BY_ROW) {
        int tiles = (p.rowLength + BN - 1) / BN;
        int t = (y % tiles) * BN;
        return ivec2((y / tiles) * p.rowLength + t, min(BN, p.rowLength - t));
    }

    y = IS_GROUPED ? y % ((p.columns + BN - 1) / BN) : y;
    return ivec2(y * BN, min(BN, p.columns - y * BN));
}

// A column's place in the window: the index of its first element, its row and its position there.
ivec4 windowColumn(int n) {
    int f = n / p.rowLength, s = n - f * p.rowLength;
    if (LOADER == HIDDEN) {
        return ivec4(n, f, s, 0);
    }

    f = f * (p.strides & 0xffff) - (p.pads & 0xffff);
    s = s * (p.strides >> 16) - (p.pads >> 16);
    return ivec4(f * p.inLength + s, f, s, 0);
}

bool isInside(ivec4 column, int df, int dt) {
    return uint(column.y + df) < uint(p.inRows) && uint(column.z + dt) < uint(p.inLength);
}

float loadAt(int i) {
#ifdef HALF
    if (IN_HALF) {
        return float(Halves(p.arena).v[i]);
    }
#endif
    return Floats(p.arena).v[i];
}

vec4 load4(int i) {
#ifdef HALF
    if (IN_HALF) {
        return unpack4(Half4s(p.arena).v[i >> 2]);
    }
#endif
    return Float4s(p.arena).v[i >> 2];
}

int inBase() { return p.inOff + g.input_ + piece() * (IN_HALF ? 2 : 1); }

float rowVector(int part, int row) { return Floats(p.weights).v[g.vectors + part * g.mPad + row]; }

void checkHalf(float v) {
    if (!(abs(v) <= 65504.0)) {
        Ints(p.arena).v[OVERFLOW_FLAG] = 1;
    }
}

void storeAt(int i, float v) {
#ifdef HALF
    if (OUT_HALF) {
        checkHalf(v);
        Halves(p.arena).v[i] = float16_t(v);
        return;
    }
#endif
    Floats(p.arena).v[i] = v;
}

float addAt(int i) {
#ifdef HALF
    if (ADD_HALF) {
        return float(Halves(p.arena).v[i]);
    }
#endif
    return Floats(p.arena).v[i];
}

// What becomes of a sum: bias and norm.
float withBias(float sum, int row, int n) {
    precise float v = sum + rowVector(0, row);
    if (IS_NORMED) {
        int group = BY_ROW ? n / p.rowLength : 0;
        int s = p.stats + piece() + 4 * group;
        v = (v - Floats(p.arena).v[s]) * Floats(p.arena).v[s + 1] * rowVector(2, row) + rowVector(3, row);
    }

    return v;
}

// Turns rows 2i and 2i + 1 by the positions of four neighbouring columns, counted in each row of columns.
void turn4(inout vec4 a, inout vec4 b, int row, int n) {
    int at = p.tableC + (row % p.stride >> 1) * 2 * p.rowLength + n % p.rowLength;
    vec4 cosines = Float4s(p.weights).v[at >> 2], sines = Float4s(p.weights).v[(at + p.rowLength) >> 2];
    precise vec4 x = fma(a, cosines, -(b * sines)), y = fma(b, cosines, a * sines);
    a = x;
    b = y;
}

// Stores four neighbouring columns of a row from column n on, of which `count` exist. The sums come with their bias and
// norm; `gate` is the next row for GLU.
void finish4(int row, int n, int count, vec4 value, vec4 gate) {
    int channel = IS_GLU ? row >> 1 : IS_TRANSPOSED ? row / p.stride : IS_SPREAD ? row / p.stride % p.start : row;
    int phase = IS_TRANSPOSED ? row - channel * p.stride : 0;
    float factor = HAS_SCALE ? rowVector(1, channel) : 1.0;
    float mean = 0.0, deviation = 1.0;
    if (IS_RESTORED) {
        mean = Floats(p.arena).v[p.stats + piece()];
        deviation = Floats(p.arena).v[p.stats + piece() + 2];
    }

    int outBase = p.outOff + g.output_ + piece() * (OUT_HALF ? 2 : 1) + channel * p.outPitch;
    int addBase = p.addOff + piece() * (ADD_HALF ? 2 : 1) + channel * p.outPitch;
    bool whole = count == 4 && !IS_TRANSPOSED && !IS_SPREAD;
    vec4 sum4 = vec4(0.0);
    if (HAS_ADD && whole) {
#ifdef HALF
        sum4 = ADD_HALF ? unpack4(Half4s(p.arena).v[(addBase + n) >> 2]) : Float4s(p.arena).v[(addBase + n) >> 2];
#else
        sum4 = Float4s(p.arena).v[(addBase + n) >> 2];
#endif
    }

    vec4 result;
    [[unroll]] for (int i = 0; i < 4; i++) {
        precise float v = value[i];
        if (IS_GLU) {
            v *= sigmoid(gate[i]);
        }

        if (IS_GELU) {
            v = gelu(v);
        }

        if (IS_RELU) {
            v = max(v, 0.0);
        }

        if (IS_TANH) {
            v = tanhExact(v);
        }

        if (HAS_TABLE) {
            v += Floats(p.weights).v[p.tableC + (min(n + i, p.columns - 1) / p.rowLength) * (g.M >> (IS_GLU ? 1 : 0)) + channel];
        }

        if (HAS_SCALE) {
            v *= factor;
        }

        if (HAS_ADD && whole) {
            v += sum4[i];
        }

        if (IS_RESTORED) {
            v = v * deviation + mean;
        }

        result[i] = v;
    }

    if (whole) {
#ifdef HALF
        if (OUT_HALF) {
            checkHalf(max(max(abs(result.x), abs(result.y)), max(abs(result.z), abs(result.w))));
            Half4s(p.arena).v[(outBase + n) >> 2] = pack4(result);
            return;
        }
#endif
        Float4s(p.arena).v[(outBase + n) >> 2] = result;
        return;
    }

    [[unroll]] for (int i = 0; i < 4; i++) {
        int at = n + i;
        bool exists = i < count;
        if (IS_TRANSPOSED) {
            int f = at / p.rowLength, t = at - f * p.rowLength;
            int u = (ALONG_ROWS ? f : at) * p.stride + phase - p.start;
            exists = exists && uint(u) < uint(p.count);
            at = ALONG_ROWS ? u * p.rowLength + t : u;
        }

        if (IS_SPREAD) {
            int f = at / p.rowLength, t = at - f * p.rowLength, field = p.stride * p.start;
            at = (f * (g.M / field) + row / field) * p.rowLength * p.stride + t * p.stride + row % p.stride;
        }

        if (exists) {
            precise float v = result[i];
            if (HAS_ADD) {
                v += addAt(addBase + at);
            }

            storeAt(outBase + at, v);
        }
    }
}
