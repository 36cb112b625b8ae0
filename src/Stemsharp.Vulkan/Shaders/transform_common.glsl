// What the kernels of the Fourier transform share. N = FFT size; a frame is a complex transform of N/2 points, stored as
// [plane][real, imaginary][point][frame]: neighbouring threads have neighbouring frames. Fine ones have what rounding left
// of both behind them.
#include "common.glsl"

#ifdef FINE
const int PARTS = 4;
#else
const int PARTS = 2;
#endif

layout(push_constant) uniform Push {
    uvec2 arena;
    uvec2 weights;
    int pieceStride;
    int inOff;
    int outOff;
    int points;      // N/2
    int frames;
    int framePitch;
    int hop;
    int samples;
    int inPitch;     // of a channel of samples, or of a plane of the spectrogram
    int outPitch;
    int bins;
    int table;       // twiddles, windows, places; see each kernel
    int map;
    int planes;      // which planes are wanted, one bit each
    int addOff;
    int addPitch;
    int passLength;
    int envelope;    // what each sample is multiplied by on the way back; -1 for nothing
} p;

int pieceBase() { return int(gl_WorkGroupID.z) * p.pieceStride; }

int pointAt(int plane, int part, int point, int frame) {
    return ((plane * PARTS + part) * p.points + point) * p.framePitch + frame;
}

// The i-th wanted plane.
int wantedPlane(int i) {
    int plane = 0;
    for (int mask = p.planes; ; plane++, mask >>= 1) {
        if ((mask & 1) != 0 && i-- == 0) {
            return plane;
        }
    }
}
