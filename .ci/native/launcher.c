// Starts the program beside this one that was compiled for the widest instructions this processor has. Linked statically, and without any
// other program's help, so that nothing but the processor can be what it lacks.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What the command ends with where something that it needs is missing.
enum { MISSING = 6 };

// The levels of the x86-64 psABI, as compilers and glibc name them.
static const char *level(void)
{
    const char *chosen = getenv("STEMSHARP_NATIVE_LEVEL");
    if (chosen && *chosen)
        return chosen;
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
        return NULL;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return "x86-64-v4";
    return "x86-64-v3";
}

int main(int count, char **arguments)
{
    static char path[PATH_MAX];
    const char *program = level();
    (void)count;
    if (!program) {
        fputs("stemsharp: this build needs a processor with AVX2 (x86-64-v3); take the build for linux-x64, which runs on any.\n", stderr);
        return MISSING;
    }

    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0) {
        fprintf(stderr, "stemsharp: the folder of this program cannot be found: /proc/self/exe: %s.\n", strerror(errno));
        return MISSING;
    }

    path[length] = 0;
    if (length + strlen(program) + 2 > sizeof path) {
        fputs("stemsharp: the path of this program is too long.\n", stderr);
        return MISSING;
    }

    strcat(strcat(path, "-"), program);
    arguments[0] = path;
    execv(path, arguments);
    fprintf(stderr, "stemsharp: %s cannot be started: %s. Unpack the whole archive again, or choose a level that is there with STEMSHARP_NATIVE_LEVEL.\n", path, strerror(errno));
    return MISSING;
}
