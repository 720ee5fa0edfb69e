// Numbers of sixteen bits, and what the lanes of a warp do together. The instructions themselves are at the end; a
// program that emulates a device brings its own (EMULATED).
//
// DIMENSION is the size of a head. NVRTC has no headers, so that everything is here.

typedef unsigned char byte;
// The bits of a bfloat16.
typedef unsigned short bf16;

// Positions of a block of keys and values.
#define BLOCK 32
// A head, filled up to what a product of tiles takes.
#define PADDED ((DIMENSION + 15) / 16 * 16)

#ifndef EMULATED
#define WARP 0xffffffffu

static __device__ __forceinline__ float wide(bf16 number) { return __uint_as_float((unsigned)number << 16); }

// Two numbers, rounded to even; the first one has the low bits.
static __device__ __forceinline__ unsigned pair(float low, float high) {
    unsigned both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}

static __device__ __forceinline__ float half(unsigned short bits) {
    float number;
    asm("cvt.f32.f16 %0, %1;" : "=f"(number) : "h"(bits));
    return number;
}

static __device__ __forceinline__ float exchanged(float number, int apart) {
    return __shfl_xor_sync(WARP, number, apart);
}

// sums += a × b: 16 × 16 times 16 × 8, spread over the lanes as the PTX ISA says of mma.m16n8k16 for .bf16.
static __device__ __forceinline__ void multiply(float (&sums)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

static __device__ __forceinline__ bf16 narrow(float number) { return (bf16)pair(number, 0.0f); }

// Eight numbers that lie one after the other.
static __device__ __forceinline__ void eight(const bf16* from, float (&out)[8]) {
    uint4 words = *(const uint4*)from;
    unsigned four[4] = {words.x, words.y, words.z, words.w};
    for (int at = 0; at < 4; at++) {
        out[2 * at] = wide((bf16)four[at]);
        out[2 * at + 1] = wide((bf16)(four[at] >> 16));
    }
}

static __device__ __forceinline__ float warp_sum(float number) {
    for (int apart = 16; apart > 0; apart /= 2) number += exchanged(number, apart);
    return number;
}

// The sum over a block of whole warps; every thread has it.
static __device__ __forceinline__ float block_sum(float number) {
    __shared__ float sums[32];
    number = warp_sum(number);
    __syncthreads();
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = number;
    __syncthreads();
    float sum = 0.0f;
    for (unsigned at = 0; at < blockDim.x / 32; at++) sum += sums[at];
    return sum;
}
