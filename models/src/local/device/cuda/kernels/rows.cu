// Operations on the rows of a step, a block of threads a row.

// A row over its root mean square, times the gain (Zhang, Sennrich 2019): as it is, and as products read it.
extern "C" __global__ void normalise(const float* rows, const float* gain, float epsilon, int width, float* out,
                                     bf16* out_narrow) {
    const float* row = rows + (size_t)blockIdx.x * width;
    float sum = 0.0f;
    for (int at = threadIdx.x; at < width; at += blockDim.x) sum += row[at] * row[at];
    float factor = 1.0f / sqrtf(block_sum(sum) / (float)width + epsilon);
    for (int at = threadIdx.x; at < width; at += blockDim.x) {
        float number = row[at] * factor * gain[at];
        out[(size_t)blockIdx.x * width + at] = number;
        out_narrow[(size_t)blockIdx.x * width + at] = narrow(number);
    }
}

// Every row becomes the bias, or gets it added.
extern "C" __global__ void spread(const float* bias, int width, int adds, float* out) {
    float* row = out + (size_t)blockIdx.x * width;
    for (int at = threadIdx.x; at < width; at += blockDim.x) row[at] = adds ? row[at] + bias[at] : bias[at];
}

// Some of the rows.
extern "C" __global__ void pick(const float* rows, const int* which, int width, float* out) {
    const float* row = rows + (size_t)which[blockIdx.x] * width;
    for (int at = threadIdx.x; at < width; at += blockDim.x) out[(size_t)blockIdx.x * width + at] = row[at];
}

// silu(gates) × numbers (Shazeer 2020), as products read it.
extern "C" __global__ void gate(const float* gates, const float* numbers, int count, bf16* out) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count) out[at] = narrow(gates[at] / (1.0f + expf(-gates[at])) * numbers[at]);
}

// Where the numbers of a head lie in the cache: of each block and layer and head BLOCK keys, position by position, and
// then the values, number by number, so that both lie along what the products of attention sum over.
static __device__ __forceinline__ size_t place_of(int block, int layer, int layers, int head, int heads) {
    return (((size_t)block * layers + layer) * heads + head) * (2 * BLOCK * PADDED);
}

// Turns the heads of queries and keys by their positions (Su et al. 2021), normalised before where there is a gain, and
// puts keys and values into the cache. `places` are the block and the position in it of each row, `turns` for each row
// the cosines of the pairs of numbers and then the sines. A block of threads a row and head.
extern "C" __global__ void keep(const float* queries, const float* keys, const float* values, const float* query_gain,
                                const float* key_gain, float epsilon, const float* turns, const int* places, int layer,
                                int layers, int heads, int shared_heads, bf16* turned, bf16* cache) {
    const int HALF = DIMENSION / 2;
    int row = blockIdx.x;
    int part = (int)blockIdx.y < heads ? 0 : (int)blockIdx.y < heads + shared_heads ? 1 : 2;
    int head = part == 0 ? blockIdx.y : (blockIdx.y - heads) % shared_heads;
    int width = (part == 0 ? heads : shared_heads) * DIMENSION;
    const float* from = (part == 0 ? queries : part == 1 ? keys : values) + (size_t)row * width + head * DIMENSION;
    int slot = places[2 * row + 1];
    bf16* place = cache + place_of(places[2 * row], layer, layers, head, shared_heads);
    if (part == 2) {
        for (int at = threadIdx.x; at < DIMENSION; at += blockDim.x)
            place[BLOCK * PADDED + at * BLOCK + slot] = narrow(from[at]);
        return;
    }
    const float* gain = part == 0 ? query_gain : key_gain;
    float factor = 1.0f;
    if (gain) {
        float sum = 0.0f;
        for (int at = threadIdx.x; at < DIMENSION; at += blockDim.x) sum += from[at] * from[at];
        factor = 1.0f / sqrtf(block_sum(sum) / (float)DIMENSION + epsilon);
    }
    bf16* to = part == 0 ? turned + (size_t)row * width + head * DIMENSION : place + slot * PADDED;
    for (int at = threadIdx.x; at < HALF; at += blockDim.x) {
        float low = from[at] * factor, high = from[at + HALF] * factor;
        if (gain) {
            low *= gain[at];
            high *= gain[at + HALF];
        }
        float cosine = turns[(size_t)row * DIMENSION + at], sine = turns[(size_t)row * DIMENSION + HALF + at];
        to[at] = narrow(low * cosine - high * sine);
        to[at + HALF] = narrow(high * cosine + low * sine);
    }
}
