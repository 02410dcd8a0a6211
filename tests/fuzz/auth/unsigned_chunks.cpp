/// STREAMING-UNSIGNED-PAYLOAD-TRAILER: all splits of a stream give the same (K-21).

#include "tests/fuzz/auth/chunk_streams.h"

using namespace holdfast::auth;
using namespace holdfast::auth::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    ChunkedOptions options;
    options.mode = PayloadMode::unsigned_chunks_trailer;
    options.decoded_bytes = input.byte();
    if ((options.decoded_bytes & 1) != 0) options.announced_trailer = "x-amz-checksum-crc32";
    const auto sizes = input.text();
    check_splits(options, input.rest(), sizes);
    return 0;
}
