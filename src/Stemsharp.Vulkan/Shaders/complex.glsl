// Complex numbers of the transforms. FINE makes each part the sum of two singles, of some 46 bits together: the rounding
// of singles would be what is loudest in a quiet band that is normed. Each name means the same with and without it.
#ifdef FINE
struct Complex { vec2 h; vec2 l; };

Complex joined(vec2 h, vec2 l) {
    precise vec2 sum = h + l;
    precise vec2 rest = l - (sum - h);
    return Complex(sum, rest);
}

Complex plus(Complex a, Complex b) {
    precise vec2 sum = a.h + b.h;
    precise vec2 part = sum - a.h;
    precise vec2 rest = (a.h - (sum - part)) + (b.h - part);
    precise vec2 low = rest + (a.l + b.l);
    return joined(sum, low);
}

Complex negated(Complex a) { return Complex(-a.h, -a.l); }
Complex minus(Complex a, Complex b) { return plus(a, negated(b)); }
Complex swapped(Complex a) { return Complex(a.h.yx, a.l.yx); }
Complex conjugate(Complex a) { return Complex(vec2(a.h.x, -a.h.y), vec2(a.l.x, -a.l.y)); }
vec2 single(Complex a) { return a.h + a.l; }

// Each part times a real number of its own. A product's rounding by Dekker's way, which needs no fused operation.
Complex scaled(Complex a, vec2 h, vec2 l) {
    precise vec2 p = a.h * h;
    precise vec2 ca = a.h * 4097.0;
    precise vec2 ah = ca - (ca - a.h);
    precise vec2 al = a.h - ah;
    precise vec2 ch = h * 4097.0;
    precise vec2 bh = ch - (ch - h);
    precise vec2 bl = h - bh;
    precise vec2 rest = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
    precise vec2 low = rest + (a.h * l + a.l * h);
    return joined(p, low);
}

// Times a complex number: cosine, sine, and what rounding left of them.
Complex turned(Complex a, vec4 by) {
    return plus(scaled(a, by.xx, by.zz), scaled(swapped(a), vec2(-by.y, by.y), vec2(-by.w, by.w)));
}
#else
#define Complex vec2
vec2 plus(vec2 a, vec2 b) { precise vec2 v = a + b; return v; }
vec2 minus(vec2 a, vec2 b) { precise vec2 v = a - b; return v; }
vec2 swapped(vec2 a) { return a.yx; }
vec2 conjugate(vec2 a) { return vec2(a.x, -a.y); }
vec2 single(vec2 a) { return a; }
vec2 scaled(vec2 a, vec2 h, vec2 l) { precise vec2 v = a * h; return v; }

vec2 turned(vec2 a, vec4 by) {
    precise vec2 v = vec2(fma(a.x, by.x, -(a.y * by.y)), fma(a.x, by.y, a.y * by.x));
    return v;
}
#endif

Complex minusI(Complex a) { return conjugate(swapped(a)); }

// A complex number of a table: in fine ones four numbers, else two.
vec4 factorAt(int table, int i) {
#ifdef FINE
    int at = table + 4 * i;
    return vec4(Floats(p.weights).v[at], Floats(p.weights).v[at + 1], Floats(p.weights).v[at + 2], Floats(p.weights).v[at + 3]);
#else
    int at = table + 2 * i;
    return vec4(Floats(p.weights).v[at], Floats(p.weights).v[at + 1], 0.0, 0.0);
#endif
}

// Points in the arena.
Complex load(int base, int plane, int point, int frame) {
    vec2 h = vec2(Floats(p.arena).v[base + pointAt(plane, 0, point, frame)], Floats(p.arena).v[base + pointAt(plane, 1, point, frame)]);
#ifdef FINE
    return Complex(h, vec2(Floats(p.arena).v[base + pointAt(plane, 2, point, frame)], Floats(p.arena).v[base + pointAt(plane, 3, point, frame)]));
#else
    return h;
#endif
}

void store(int base, int plane, int point, int frame, Complex v) {
#ifdef FINE
    Floats(p.arena).v[base + pointAt(plane, 0, point, frame)] = v.h.x;
    Floats(p.arena).v[base + pointAt(plane, 1, point, frame)] = v.h.y;
    Floats(p.arena).v[base + pointAt(plane, 2, point, frame)] = v.l.x;
    Floats(p.arena).v[base + pointAt(plane, 3, point, frame)] = v.l.y;
#else
    Floats(p.arena).v[base + pointAt(plane, 0, point, frame)] = v.x;
    Floats(p.arena).v[base + pointAt(plane, 1, point, frame)] = v.y;
#endif
}
