// Elementary functions, the CPU engine's polynomials: the same error on every device, whatever its built-in ones do.

// 2^x to 1e-7, for x up to 127; 0 below -126.
float exp2Exact(float x) {
    float n = roundEven(max(x, -127.0));
    float r = x - n;
    float p = fma(r, 0.0013276472454890609, 0.009675540961325169);
    p = fma(p, r, 0.05550713092088699);
    p = fma(p, r, 0.24022120237350464);
    p = fma(p, r, 0.6931469440460205);
    p = fma(p, r, 1.0000001192092896);
    return x < -126.0 ? 0.0 : p * intBitsToFloat((int(n) + 127) << 23);
}

// e^x for x in -87 ... 87.
float expExact(float x) {
    float n = roundEven(x * 1.44269502162933349609);
    float s = fma(x, 1.925963033500011e-8, fma(x, 1.44269502162933349609, -n));
    float p = fma(s, 0.0001534581242594868, 0.0013399930903688073);
    p = fma(p, s, 0.009618489071726799);
    p = fma(p, s, 0.05550328642129898);
    p = fma(p, s, 0.24022646248340607);
    p = fma(p, s, 0.6931471824645996);
    p = fma(p, s, 1.0);
    return p * intBitsToFloat((int(n) + 127) << 23);
}

// e^x - 1, which loses nothing near zero: it is made without the one. For x in -87 ... 87.
float expMinusOne(float x) {
    float n = roundEven(x * 1.44269502162933349609);
    float s = fma(x, 1.925963033500011e-8, fma(x, 1.44269502162933349609, -n));
    float p = fma(s, 0.0001534581242594868, 0.0013399930903688073);
    p = fma(p, s, 0.009618489071726799);
    p = fma(p, s, 0.05550328642129898);
    p = fma(p, s, 0.24022646248340607);
    p = fma(p, s, 0.6931471824645996);
    float scale = intBitsToFloat((int(n) + 127) << 23);
    precise float more = fma(p * s, scale, scale - 1.0);
    return more;
}

float tanhExact(float x) {
    float more = expMinusOne(clamp(x, -10.0, 10.0) * 2.0);
    return more / (more + 2.0);
}

float sigmoid(float x) {
    x = clamp(x, -86.6, 86.6);
    return 1.0 / (1.0 + expExact(-x));
}

// x*Phi(x), the exact erf form; the absolute error of erf is below 3.4e-7.
float gelu(float x) {
    float z = clamp(x * 0.70710678118654752, -3.95, 3.95);
    float u = z * z;
    float p = fma(u, 2.0117397525609704e-06, 0.00028760163695551455);
    float q = fma(u, 3.7839734432054684e-05, 0.0011982093565165997);
    p = fma(p, u, 0.003917350433766842);
    q = fma(q, u, 0.015270765870809555);
    p = fma(p, u, 0.0532071590423584);
    q = fma(q, u, 0.11559105664491653);
    p = fma(p, u, 0.19403640925884247);
    q = fma(q, u, 0.505291759967804);
    p = fma(p, u, 1.128378987312317);
    q = fma(q, u, 1.0);
    float h = x * 0.5;
    return fma(h, z * p / q, h);
}
