// The kernels by their names, and what a test calls.

#define NAMED(NAME) {#NAME, emulated::Call<NAME>::with},
#define NAMED_FORMAT(NAME)                                                                                        \
    NAMED(few_1_##NAME) NAMED(few_2_##NAME) NAMED(few_4_##NAME) NAMED(few_8_##NAME) NAMED(unpack_##NAME)          \
    NAMED(embed_##NAME)

static const emulated::Named KERNELS[] = {
    NAMED(normalise) NAMED(spread) NAMED(pick) NAMED(gate) NAMED(keep) NAMED(attend) NAMED(mix)
    NAMED_FORMAT(plain) NAMED_FORMAT(q8_0) NAMED_FORMAT(q4_0) NAMED_FORMAT(q5_0) NAMED_FORMAT(q4_k)
    NAMED_FORMAT(q5_k) NAMED_FORMAT(q6_k)
};

// Runs a kernel; whether there is one of that name, and the device could have run it.
extern "C" int emulate(const char* name, unsigned across, unsigned down, unsigned threads, void** arguments) {
    if (across == 0 || down == 0 || down > 65535 || threads == 0 || threads > 1024 || threads % 32 != 0) return 2;
    for (const emulated::Named& named : KERNELS) {
        if (strcmp(named.name, name) != 0) continue;
        emulated::kernel = named.call;
        emulated::arguments = arguments;
        gridDim = {across, down};
        blockDim = {threads, 1};
        for (unsigned y = 0; y < down; y++) {
            for (unsigned x = 0; x < across; x++) {
                blockIdx = {x, y};
                emulated::block(threads);
            }
        }
        return 0;
    }
    return 1;
}
