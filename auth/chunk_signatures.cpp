#include "auth/chunk_signatures.h"

#include <openssl/crypto.h>

#include "auth/signature.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view hash_of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace

ChunkSignatures::~ChunkSignatures() {
    OPENSSL_cleanse(signing_.signing_key.data(), signing_.signing_key.size());
}

Result<void> ChunkSignatures::verify_chunk(std::string_view provided) {
    std::string text("AWS4-HMAC-SHA256-PAYLOAD\n");
    text.append(signing_.timestamp).append("\n");
    text.append(signing_.scope).append("\n");
    text.append(signing_.seed).append("\n");
    text.append(hash_of_nothing).append("\n");
    append_hex(text, chunk_hash_.finish());
    return verify(provided, text);
}

Result<void> ChunkSignatures::verify_trailers(std::string_view provided,
                                              std::string_view trailers) {
    std::string text("AWS4-HMAC-SHA256-TRAILER\n");
    text.append(signing_.timestamp).append("\n");
    text.append(signing_.scope).append("\n");
    text.append(signing_.seed).append("\n");
    append_hex(text, sha256(base::as_bytes(trailers)));
    return verify(provided, text);
}

Result<void> ChunkSignatures::verify(std::string_view provided, std::string_view string_to_sign) {
    if (!signature_matches(provided, hmac_sha256(signing_.signing_key, string_to_sign)))
        return signature_mismatch({{}, string_to_sign, provided, {}});
    signing_.seed = provided;
    return {};
}

}  // namespace holdfast::auth
