/// Plaintext from one object into a new blob, digested on the way. threads: one event loop.
#pragma once

#include <optional>

#include "model/checksum.h"
#include "server/s3/context.h"

namespace holdfast::s3 {

struct CopiedDigests {
    std::uint64_t bytes = 0;
    base::Bytes md5;
    model::Checksum checksum;
};

/// `reader` null: there is nothing to copy (an empty object). The writer is left to be finished.
base::Awaitable<Result<CopiedDigests>> copy_body(catalog::BodyReader* reader,
                                                 catalog::BodyWriter& writer,
                                                 model::ChecksumAlgorithm algorithm);

}  // namespace holdfast::s3
