// A device for tests: what the kernels take for granted, in plain C++ for one thread of a processor. The threads of a
// block are fibers; they take turns where the program says that they meet, and a meeting that not all come to ends the
// process with what is wrong.

#define EMULATED
#include <math.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
// Blocks run one after the other, so that their shared memory is one.
#define __shared__ static

struct Place { unsigned x, y; };
static Place threadIdx, blockIdx, blockDim, gridDim;

struct alignas(16) uint4 { unsigned x, y, z, w; };

namespace emulated {

enum State { READY, AT_WARP, AT_BLOCK, DONE };

struct Fiber {
    ucontext_t beginning;
    jmp_buf place;
    bool begun;
    State state;
};

const size_t STACK = 64 * 1024;
static std::vector<Fiber> fibers;
static std::vector<char*> stacks;
static unsigned current;
static jmp_buf scheduler;
static void (*kernel)(void**);
static void** arguments;

[[noreturn]] static void fail(const char* what) {
    fprintf(stderr, "the emulated device: %s (block %u, %u; thread %u)\n", what, blockIdx.x, blockIdx.y, current);
    abort();
}

static void begin() {
    kernel(arguments);
    fibers[current].state = DONE;
    _longjmp(scheduler, 1);
}

// The current thread waits until the others are there.
static void meet(State where) {
    Fiber& fiber = fibers[current];
    fiber.state = where;
    if (_setjmp(fiber.place) == 0) _longjmp(scheduler, 1);
}

static void run(unsigned thread) {
    Fiber& fiber = fibers[thread];
    current = thread;
    threadIdx = {thread, 0};
    if (_setjmp(scheduler) != 0) return;
    if (fiber.begun) _longjmp(fiber.place, 1);
    fiber.begun = true;
    setcontext(&fiber.beginning);
}

// Lets those go on who are all at the same place; whether somebody did.
static bool release(unsigned from, unsigned to, State where) {
    unsigned there = 0, done = 0;
    for (unsigned at = from; at < to; at++) {
        there += fibers[at].state == where;
        done += fibers[at].state == DONE;
    }
    if (there == 0 || there + done < to - from) return false;
    if (where == AT_WARP && done > 0) fail("a warp exchanges numbers with lanes that have ended");
    for (unsigned at = from; at < to; at++)
        if (fibers[at].state == where) fibers[at].state = READY;
    return true;
}

static void block(unsigned threads) {
    fibers.resize(threads);
    while (stacks.size() < threads) stacks.push_back((char*)malloc(STACK));
    for (unsigned at = 0; at < threads; at++) {
        Fiber& fiber = fibers[at];
        getcontext(&fiber.beginning);
        fiber.beginning.uc_stack.ss_sp = stacks[at];
        fiber.beginning.uc_stack.ss_size = STACK;
        fiber.beginning.uc_link = 0;
        makecontext(&fiber.beginning, begin, 0);
        fiber.begun = false;
        fiber.state = READY;
    }
    for (;;) {
        bool moved = false;
        for (unsigned warp = 0; warp < threads; warp += 32) {
            do {
                for (unsigned at = warp; at < warp + 32; at++) {
                    if (fibers[at].state != READY) continue;
                    moved = true;
                    run(at);
                }
            } while (release(warp, warp + 32, AT_WARP));
        }
        if (release(0, threads, AT_BLOCK)) continue;
        bool done = true;
        for (Fiber& fiber : fibers) done = done && fiber.state == DONE;
        if (done) return;
        if (!moved) fail("threads wait for others that do not come");
    }
}

// What the lanes of a warp show each other.
static unsigned shown[32][32][6];

template <class... A, size_t... I>
static void spread_out(void (*function)(A...), void** from, std::index_sequence<I...>) {
    function(*(A*)from[I]...);
}

template <auto F> struct Call;
template <class... A, void (*F)(A...)> struct Call<F> {
    static void with(void** from) { spread_out(F, from, std::index_sequence_for<A...>()); }
};

struct Named { const char* name; void (*call)(void**); };

}  // namespace emulated

static void __syncthreads() { emulated::meet(emulated::AT_BLOCK); }

static float __uint_as_float(unsigned bits) {
    float number;
    memcpy(&number, &bits, 4);
    return number;
}

static unsigned bits_of(float number) {
    unsigned bits;
    memcpy(&bits, &number, 4);
    return bits;
}

static float wide(unsigned short number) { return __uint_as_float((unsigned)number << 16); }

static unsigned rounded(float number) {
    unsigned bits = bits_of(number);
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static unsigned pair(float low, float high) { return rounded(low) | rounded(high) << 16; }

static float half(unsigned short bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float size = exponent == 0 ? ldexpf((float)fraction, -24)
                 : exponent == 31 ? (fraction ? NAN : INFINITY) : ldexpf((float)(fraction | 1024), exponent - 25);
    return bits >> 15 ? -size : size;
}

static float exchanged(float number, int apart) {
    unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    emulated::shown[warp][lane][0] = bits_of(number);
    emulated::meet(emulated::AT_WARP);
    float other = __uint_as_float(emulated::shown[warp][lane ^ (unsigned)apart][0]);
    emulated::meet(emulated::AT_WARP);
    return other;
}

// mma.m16n8k16: which lane and register has which number is said in the PTX ISA.
static void multiply(float (&sums)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    auto& shown = emulated::shown[warp];
    memcpy(shown[lane], a, sizeof a);
    memcpy(shown[lane] + 4, b, sizeof b);
    emulated::meet(emulated::AT_WARP);
    for (unsigned at = 0; at < 4; at++) {
        unsigned row = lane / 4 + at / 2 * 8, column = lane % 4 * 2 + at % 2;
        for (unsigned k = 0; k < 16; k++) {
            unsigned left = shown[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2];
            unsigned right = shown[column * 4 + k % 8 / 2][4 + k / 8];
            sums[at] += wide(left >> k % 2 * 16) * wide(right >> k % 2 * 16);
        }
    }
    emulated::meet(emulated::AT_WARP);
}
