// The formats of weights: eight of a row from a multiple of eight on, as numbers. The blocks are ggml's (ggml-common.h),
// as they lie in a file.

struct Plain {
    static __device__ size_t row(int inputs) { return (size_t)inputs * 2; }

    static __device__ __forceinline__ void weights(const byte* row, int at, float (&out)[8]) {
        eight((const bf16*)row + at, out);
    }
};

static __device__ __forceinline__ float scale(const byte* bytes) {
    return half((unsigned short)(bytes[0] | bytes[1] << 8));
}

struct Q8_0 {
    static __device__ size_t row(int inputs) { return (size_t)inputs / 32 * 34; }

    static __device__ __forceinline__ void weights(const byte* row, int at, float (&out)[8]) {
        const byte* block = row + at / 32 * 34;
        float step = scale(block);
        for (int i = 0; i < 8; i++) out[i] = step * (float)(signed char)block[2 + at % 32 + i];
    }
};

struct Q4_0 {
    static __device__ size_t row(int inputs) { return (size_t)inputs / 32 * 18; }

    static __device__ __forceinline__ void weights(const byte* row, int at, float (&out)[8]) {
        const byte* block = row + at / 32 * 18;
        float step = scale(block);
        int shift = at % 32 / 16 * 4;
        for (int i = 0; i < 8; i++) out[i] = step * (float)((block[2 + at % 16 + i] >> shift & 15) - 8);
    }
};

struct Q5_0 {
    static __device__ size_t row(int inputs) { return (size_t)inputs / 32 * 22; }

    static __device__ __forceinline__ void weights(const byte* row, int at, float (&out)[8]) {
        const byte* block = row + at / 32 * 22;
        float step = scale(block);
        int shift = at % 32 / 16 * 4;
        for (int i = 0; i < 8; i++) {
            int input = at % 32 + i;
            int fifth = block[2 + input / 8] >> input % 8 & 1;
            out[i] = step * (float)((block[6 + at % 16 + i] >> shift & 15 | fifth << 4) - 16);
        }
    }
};

// Scale and minimum of one of a block's eight groups: six bits each in twelve bytes, and a factor for each of both.
static __device__ __forceinline__ void group_of(const byte* block, int group, float& step, float& least) {
    const byte* six = block + 4;
    if (group < 4) {
        step = (float)(six[group] & 63);
        least = (float)(six[group + 4] & 63);
    } else {
        step = (float)(six[group + 4] & 15 | six[group - 4] >> 6 << 4);
        least = (float)(six[group + 4] >> 4 | six[group] >> 6 << 4);
    }
    step *= scale(block);
    least *= scale(block + 2);
}

struct Q4_K {
    static __device__ size_t row(int inputs) { return (size_t)inputs / 256 * 144; }

    static __device__ __forceinline__ void weights(const byte* row, int at, float (&out)[8]) {
        const byte* block = row + at / 256 * 144;
        int group = at % 256 / 32;
        float step, least;
        group_of(block, group, step, least);
        const byte* quants = block + 16 + group / 2 * 32 + at % 32;
        for (int i = 0; i < 8; i++) out[i] = step * (float)(quants[i] >> group % 2 * 4 & 15) - least;
    }
};

struct Q5_K {
    static __device__ size_t row(int inputs) { return (size_t)inputs / 256 * 176; }

    static __device__ __forceinline__ void weights(const byte* row, int at, float (&out)[8]) {
        const byte* block = row + at / 256 * 176;
        int group = at % 256 / 32;
        float step, least;
        group_of(block, group, step, least);
        const byte* fifths = block + 16 + at % 32;
        const byte* quants = block + 48 + group / 2 * 32 + at % 32;
        for (int i = 0; i < 8; i++) {
            int quant = quants[i] >> group % 2 * 4 & 15 | (fifths[i] >> group & 1) << 4;
            out[i] = step * (float)quant - least;
        }
    }
};

struct Q6_K {
    static __device__ size_t row(int inputs) { return (size_t)inputs / 256 * 210; }

    static __device__ __forceinline__ void weights(const byte* row, int at, float (&out)[8]) {
        const byte* block = row + at / 256 * 210;
        int side = at % 256 / 128, quarter = at % 128 / 32, input = at % 32;
        float step = scale(block + 208) * (float)(signed char)block[192 + side * 8 + quarter * 2 + input / 16];
        const byte* lows = block + side * 64 + quarter % 2 * 32 + input;
        const byte* highs = block + 128 + side * 32 + input;
        for (int i = 0; i < 8; i++) {
            int low = lows[i] >> quarter / 2 * 4 & 15;
            int high = highs[i] >> quarter * 2 & 3;
            out[i] = step * (float)((low | high << 4) - 32);
        }
    }
};
