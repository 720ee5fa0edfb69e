// Attention of the new tokens to keys and values in blocks, many sequences at once (after FlashAttention-2, Dao 2023).
//
// The work is cut into spans: some blocks, and some rows that all attend to each of them. A block of threads takes one
// span and one head of keys; what it reads of the cache serves all its rows, and all queries that share the head. What
// spans made of a row is put together by `mix`.

#define ATTEND_WARPS 4
// Queries of a warp: the rows of a product of tiles.
#define TILE 16
// Rows of shared memory are longer than what they hold, so that lanes meet in no bank.
#define KEY_ROW (PADDED + 8)
#define VALUE_ROW (BLOCK + 8)
// Pieces of sixteen bytes that a thread takes of a block.
#define PIECES (PADDED / 16)
// The score of what is not seen.
#define NOTHING -1e30f

struct Span {
    // Of its blocks, rows, and of what the rows see of the blocks: where they begin in their lists.
    int blocks, block_count, rows, row_count, seen;
    // Where what it makes begins: a place for each row.
    int made;
};

static __device__ __forceinline__ unsigned two(const bf16* numbers) { return *(const unsigned*)numbers; }

// A pair of a query's numbers; zeros behind its end.
static __device__ __forceinline__ unsigned asked_at(const bf16* query, int at) {
    return query && at < DIMENSION ? two(query + at) : 0u;
}

static __device__ __forceinline__ void fetch(const bf16* place, uint4 (&pieces)[PIECES]) {
    const uint4* from = (const uint4*)place;
    for (int at = 0; at < PIECES; at++) pieces[at] = from[at * ATTEND_WARPS * 32 + threadIdx.x];
}

// Two numbers of a block, without those that nobody may see yet: a product with zero must be zero, whatever is left there.
static __device__ __forceinline__ unsigned known(unsigned both, int slot, int most) {
    return slot + 1 < most ? both : slot < most ? both & 0xffffu : 0u;
}

static __device__ __forceinline__ void lay(const uint4 (&pieces)[PIECES], int most, bf16* keys, bf16* values) {
    for (int at = 0; at < PIECES; at++) {
        int number = (at * ATTEND_WARPS * 32 + threadIdx.x) * 8;
        uint4 piece = pieces[at];
        if (number < BLOCK * PADDED) {
            *(uint4*)(keys + number / PADDED * KEY_ROW + number % PADDED) = piece;
        } else {
            number -= BLOCK * PADDED;
            int slot = number % BLOCK;
            piece.x = known(piece.x, slot, most);
            piece.y = known(piece.y, slot + 2, most);
            piece.z = known(piece.z, slot + 4, most);
            piece.w = known(piece.w, slot + 6, most);
            *(uint4*)(values + number / BLOCK * VALUE_ROW + slot) = piece;
        }
    }
}

// What a warp knows of its sixteen queries; a lane has two of them, eight rows apart.
struct Known {
    unsigned asked[PADDED / 16][4];
    float mixed[PADDED / 8][4];
    float greatest[2], sum[2];
};

// One block; `seen` are the positions of it that each of the lane's queries sees. `scale` is over the root of the
// dimension, for powers of two. Online softmax (Milakov, Gimelshein 2018).
static __device__ __forceinline__ void attend_block(Known& of, const bf16* keys, const bf16* values, const int (&seen)[2],
                                                    float scale) {
    int lane = threadIdx.x % 32, group = lane / 4, column = lane % 4 * 2;
    float scores[BLOCK / 8][4];
    for (int tile = 0; tile < BLOCK / 8; tile++) {
        for (int i = 0; i < 4; i++) scores[tile][i] = 0.0f;
        for (int at = 0; at < PADDED / 16; at++) {
            const bf16* key = keys + (tile * 8 + group) * KEY_ROW + at * 16 + column;
            unsigned b[2] = {two(key), two(key + 8)};
            multiply(scores[tile], of.asked[at], b);
        }
    }
    for (int side = 0; side < 2; side++) {
        float greatest = of.greatest[side];
        for (int tile = 0; tile < BLOCK / 8; tile++) {
            for (int i = 0; i < 2; i++) {
                float& score = scores[tile][2 * side + i];
                score = tile * 8 + column + i < seen[side] ? score * scale : NOTHING;
                greatest = fmaxf(greatest, score);
            }
        }
        greatest = fmaxf(greatest, exchanged(greatest, 1));
        greatest = fmaxf(greatest, exchanged(greatest, 2));
        float factor = exp2f(of.greatest[side] - greatest), sum = 0.0f;
        of.greatest[side] = greatest;
        for (int tile = 0; tile < BLOCK / 8; tile++) {
            for (int i = 0; i < 2; i++) {
                float& score = scores[tile][2 * side + i];
                score = tile * 8 + column + i < seen[side] ? exp2f(score - greatest) : 0.0f;
                sum += score;
            }
        }
        of.sum[side] = of.sum[side] * factor + sum;
        for (int tile = 0; tile < PADDED / 8; tile++) {
            of.mixed[tile][2 * side] *= factor;
            of.mixed[tile][2 * side + 1] *= factor;
        }
    }
    for (int at = 0; at < BLOCK / 16; at++) {
        float(&low)[4] = scores[2 * at], (&high)[4] = scores[2 * at + 1];
        unsigned a[4] = {pair(low[0], low[1]), pair(low[2], low[3]), pair(high[0], high[1]), pair(high[2], high[3])};
        for (int tile = 0; tile < PADDED / 8; tile++) {
            const bf16* value = values + (tile * 8 + group) * VALUE_ROW + at * 16 + column;
            unsigned b[2] = {two(value), two(value + 8)};
            multiply(of.mixed[tile], a, b);
        }
    }
}

// `blocks` are pairs: which one, and the most positions of it that a row of the span sees. `seen` has a byte for each
// block and row. `sums` get a row of DIMENSION for each row and query, `scales` its greatest score and its sum.
extern "C" __global__ void attend(const bf16* queries, const bf16* cache, const Span* spans, const int* blocks,
                                  const int* rows, const byte* seen, int layer, int layers, int heads,
                                  int shared_heads, float scale, float* sums, float* scales) {
    // Aligned as the pieces are.
    __shared__ uint4 shared[(BLOCK * KEY_ROW + PADDED * VALUE_ROW) / 8];
    bf16* keys = (bf16*)shared;
    bf16* values = keys + BLOCK * KEY_ROW;
    Span span = spans[blockIdx.x];
    int head = blockIdx.y, sharing = heads / shared_heads;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    int count = span.row_count * sharing;
    bool works = warp * TILE < count;
    Known of;
    int row[2], query[2];
    for (int side = 0; side < 2; side++) {
        int at = warp * TILE + lane / 4 + 8 * side;
        row[side] = at < count ? at / sharing : -1;
        query[side] = head * sharing + at % sharing;
        const bf16* from = 0;
        if (row[side] >= 0) from = queries + ((size_t)rows[span.rows + row[side]] * heads + query[side]) * DIMENSION;
        for (int part = 0; part < PADDED / 16; part++) {
            of.asked[part][side] = asked_at(from, part * 16 + lane % 4 * 2);
            of.asked[part][2 + side] = asked_at(from, part * 16 + lane % 4 * 2 + 8);
        }
        of.greatest[side] = NOTHING;
        of.sum[side] = 0.0f;
    }
    for (int tile = 0; tile < PADDED / 8; tile++)
        for (int i = 0; i < 4; i++) of.mixed[tile][i] = 0.0f;

    const int* block = blocks + 2 * span.blocks;
    uint4 pieces[PIECES];
    fetch(cache + place_of(block[0], layer, layers, head, shared_heads), pieces);
    for (int at = 0; at < span.block_count; at++) {
        __syncthreads();
        lay(pieces, block[2 * at + 1], keys, values);
        __syncthreads();
        // The next one comes while this one is computed.
        if (at + 1 < span.block_count)
            fetch(cache + place_of(block[2 * at + 2], layer, layers, head, shared_heads), pieces);
        if (works) {
            int sees[2];
            for (int side = 0; side < 2; side++)
                sees[side] = row[side] < 0 ? 0 : seen[span.seen + at * span.row_count + row[side]];
            attend_block(of, keys, values, sees, scale);
        }
    }
    if (!works) return;
    for (int side = 0; side < 2; side++) {
        float sum = of.sum[side];
        sum += exchanged(sum, 1);
        sum += exchanged(sum, 2);
        if (row[side] < 0) continue;
        size_t made = (size_t)(span.made + row[side]) * heads + query[side];
        if (lane % 4 == 0) {
            scales[2 * made] = of.greatest[side];
            scales[2 * made + 1] = sum;
        }
        for (int tile = 0; tile < PADDED / 8; tile++) {
            int at = tile * 8 + lane % 4 * 2;
            if (at < DIMENSION) {
                sums[made * DIMENSION + at] = of.mixed[tile][2 * side];
                sums[made * DIMENSION + at + 1] = of.mixed[tile][2 * side + 1];
            }
        }
    }
}

// Puts together what the spans made of a row and a query. `begins` has for each row where its part of `made` begins,
// and at its end where that ends.
extern "C" __global__ void mix(const float* sums, const float* scales, const int* begins, const int* made, int heads,
                               bf16* out) {
    int begin = begins[blockIdx.x], end = begins[blockIdx.x + 1];
    float greatest = NOTHING, all = 0.0f;
    for (int at = begin; at < end; at++) {
        greatest = fmaxf(greatest, scales[2 * ((size_t)made[at] * heads + blockIdx.y)]);
    }
    for (int at = begin; at < end; at++) {
        const float* scale = scales + 2 * ((size_t)made[at] * heads + blockIdx.y);
        all += scale[1] * exp2f(scale[0] - greatest);
    }
    for (int number = threadIdx.x; number < DIMENSION; number += blockDim.x) {
        float mixed = 0.0f;
        for (int at = begin; at < end; at++) {
            size_t from = (size_t)made[at] * heads + blockIdx.y;
            mixed += sums[from * DIMENSION + number] * exp2f(scales[2 * from] - greatest);
        }
        out[((size_t)blockIdx.x * heads + blockIdx.y) * DIMENSION + number] = narrow(mixed / all);
    }
}
