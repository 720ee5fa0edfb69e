// Rows times a matrix of weights, outputs × inputs, in any format; and weights as numbers.

// Outputs of a warp: what is read of the rows is used for all of them.
#define OUTPUTS 2
#define WARPS 4

// A few rows: a warp for two outputs, the weights unpacked on their way. A row's numbers do not depend on the others.
template <class Format, int ROWS>
static __device__ __forceinline__ void few(const byte* weights, const bf16* rows, const float* bias, int count,
                                           int inputs, int outputs, int adds, float* out) {
    int lane = threadIdx.x % 32;
    int first = (blockIdx.x * WARPS + threadIdx.x / 32) * OUTPUTS;
    if (first >= outputs) return;
    float sums[OUTPUTS][ROWS];
    for (int output = 0; output < OUTPUTS; output++)
        for (int row = 0; row < ROWS; row++) sums[output][row] = 0.0f;
    for (int at = lane * 8; at < inputs; at += 256) {
        float factors[OUTPUTS][8];
        for (int output = 0; output < OUTPUTS; output++) {
            int place = first + output < outputs ? first + output : first;
            Format::weights(weights + place * Format::row(inputs), at, factors[output]);
        }
        for (int row = 0; row < ROWS; row++) {
            float numbers[8];
            eight(rows + (size_t)(row < count ? row : 0) * inputs + at, numbers);
            for (int output = 0; output < OUTPUTS; output++)
                for (int i = 0; i < 8; i++) sums[output][row] += factors[output][i] * numbers[i];
        }
    }
    for (int output = 0; output < OUTPUTS; output++) {
        for (int row = 0; row < ROWS; row++) {
            float sum = warp_sum(sums[output][row]);
            if (lane == 0 && row < count && first + output < outputs) {
                float* place = out + (size_t)row * outputs + first + output;
                if (bias) sum += bias[first + output];
                *place = adds ? *place + sum : sum;
            }
        }
    }
}

// Weights of the outputs from `first` on, a block of threads each, as bfloat16.
template <class Format>
static __device__ __forceinline__ void unpack(const byte* weights, int first, int inputs, bf16* out) {
    const byte* row = weights + (size_t)(first + blockIdx.x) * Format::row(inputs);
    for (int at = threadIdx.x * 8; at < inputs; at += blockDim.x * 8) {
        float numbers[8];
        Format::weights(row, at, numbers);
        unsigned* place = (unsigned*)(out + (size_t)blockIdx.x * inputs + at);
        for (int i = 0; i < 4; i++) place[i] = pair(numbers[2 * i], numbers[2 * i + 1]);
    }
}

// The vectors of tokens, a block of threads each.
template <class Format>
static __device__ __forceinline__ void embed(const byte* weights, const int* tokens, int inputs, float* out) {
    const byte* row = weights + (size_t)tokens[blockIdx.x] * Format::row(inputs);
    for (int at = threadIdx.x * 8; at < inputs; at += blockDim.x * 8) {
        float numbers[8];
        Format::weights(row, at, numbers);
        for (int i = 0; i < 8; i++) out[(size_t)blockIdx.x * inputs + at + i] = numbers[i];
    }
}

#define FEW(NAME, FORMAT, ROWS)                                                                                   \
    extern "C" __global__ void few_##ROWS##_##NAME(const byte* weights, const bf16* rows, const float* bias,     \
                                                   int count, int inputs, int outputs, int adds, float* out) {   \
        few<FORMAT, ROWS>(weights, rows, bias, count, inputs, outputs, adds, out);                                \
    }
#define FORMAT(NAME, FORMAT)                                                                                      \
    FEW(NAME, FORMAT, 1)                                                                                          \
    FEW(NAME, FORMAT, 2)                                                                                          \
    FEW(NAME, FORMAT, 4)                                                                                          \
    FEW(NAME, FORMAT, 8)                                                                                          \
    extern "C" __global__ void unpack_##NAME(const byte* weights, int first, int inputs, bf16* out) {            \
        unpack<FORMAT>(weights, first, inputs, out);                                                              \
    }                                                                                                             \
    extern "C" __global__ void embed_##NAME(const byte* weights, const int* tokens, int inputs, float* out) {    \
        embed<FORMAT>(weights, tokens, inputs, out);                                                              \
    }

FORMAT(plain, Plain)
FORMAT(q8_0, Q8_0)
FORMAT(q4_0, Q4_0)
FORMAT(q5_0, Q5_0)
FORMAT(q4_k, Q4_K)
FORMAT(q5_k, Q5_K)
FORMAT(q6_k, Q6_K)
