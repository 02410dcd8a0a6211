/// The chain of signatures over chunks and trailers, each made over the one before it; the first
/// over the request's. source: spec auth 1.7, K-08, K-17. threads: one.
#pragma once

#include <string>
#include <string_view>

#include "auth/error.h"
#include "auth/hashing.h"
#include "auth/verifier.h"
#include "base/bytes.h"

namespace holdfast::auth {

class ChunkSignatures {
public:
    explicit ChunkSignatures(ChunkSigning signing) : signing_(std::move(signing)) {}
    ChunkSignatures(const ChunkSignatures&) = delete;
    ChunkSignatures& operator=(const ChunkSignatures&) = delete;
    ~ChunkSignatures();

    /// Data of the chunk, in as many pieces as it comes in.
    void update(base::ByteView data) { chunk_hash_.update(data); }
    /// At the end of a chunk. errors: SignatureDoesNotMatch.
    Result<void> verify_chunk(std::string_view provided);
    /// `trailers`: "name:value\n" for each.
    Result<void> verify_trailers(std::string_view provided, std::string_view trailers);

private:
    Result<void> verify(std::string_view provided, std::string_view string_to_sign);

    ChunkSigning signing_;  // its seed is the signature the next one is made over
    Sha256 chunk_hash_;
};

}  // namespace holdfast::auth
