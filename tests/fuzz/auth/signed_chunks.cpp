/// The signed streams: all splits give the same (K-21). So that signatures are right often enough
/// to come further than the first chunk, "@" in the input stands for the right one of the chunk or
/// of the trailers that were written so far.

#include "auth/hashing.h"
#include "tests/fuzz/auth/chunk_streams.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::fuzzing;

namespace {

constexpr std::string_view hash_of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

ChunkSigning first_signing() {
    ChunkSigning signing;
    signing.signing_key = signing_key(base::Secret("secret"), "20130524", "us-east-1", "s3");
    signing.timestamp = "20130524T000000Z";
    signing.scope = "20130524/us-east-1/s3/aws4_request";
    signing.seed = std::string(64, 'a');
    return signing;
}

/// A chunk is "<digit><data of that many bytes>", and "0" the last one; the rest follows as it is.
class Writer {
public:
    void chunk(std::string_view data) {
        signing_.seed =
            sign(signing_.signing_key, "AWS4-HMAC-SHA256-PAYLOAD\n" + signing_.timestamp + "\n" +
                                           signing_.scope + "\n" + signing_.seed + "\n" +
                                           std::string(hash_of_nothing) + "\n" + hash_of(data));
        body_ += "0123456789abcdef"[data.size()];
        body_ += ";chunk-signature=" + signing_.seed + "\r\n";
        if (!data.empty()) body_.append(data).append("\r\n");
    }
    void rest(std::string_view text) {
        for (const char c : text) {
            if (c == '@')
                body_ +=
                    sign(signing_.signing_key, "AWS4-HMAC-SHA256-TRAILER\n" + signing_.timestamp +
                                                   "\n" + signing_.scope + "\n" + signing_.seed +
                                                   "\n" + hash_of("x-amz-checksum-crc32:a\n"));
            else
                body_ += c;
        }
    }
    [[nodiscard]] const std::string& body() const { return body_; }

private:
    static std::string hash_of(std::string_view text) {
        return base::to_hex(sha256(base::as_bytes(text)));
    }
    ChunkSigning signing_ = first_signing();
    std::string body_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const auto flags = input.byte();
    const auto sizes = input.text();
    ChunkedOptions options;
    options.mode =
        (flags & 1) != 0 ? PayloadMode::signed_chunks : PayloadMode::signed_chunks_trailer;
    options.signing = first_signing();
    if ((flags & 2) != 0) options.announced_trailer = "x-amz-checksum-crc32";

    Writer writer;
    auto text = input.rest();
    const std::size_t first = std::min<std::size_t>(flags >> 4, text.size());
    if (first > 0) writer.chunk(text.substr(0, first));
    text.remove_prefix(first);
    if ((flags & 4) != 0) writer.chunk({});
    if ((flags & 8) != 0) {
        writer.rest(text);
    } else {
        writer.rest("x-amz-checksum-crc32:a\r\nx-amz-trailer-signature:@\r\n");
        writer.rest(text);
    }
    options.decoded_bytes = first;
    check_splits(options, writer.body(), sizes);
    return 0;
}
