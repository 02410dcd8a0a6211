/// x-amz-copy-source and everything a copy asks of the object it reads.
/// source: spec operations 10; multipart UPC-02 to UPC-04, UPC-09, UPC-11. threads: one event loop.
#pragma once

#include <string>

#include "server/s3/conditions.h"
#include "server/s3/context.h"

namespace holdfast::s3 {

struct CopySource {
    std::string bucket;
    std::string key;
    std::string version_id;  ///< empty: not given

    /// errors: InvalidArgument naming the piece; NotImplemented for access points.
    static Result<CopySource> parse(std::string_view header);
};

/// The source as found, its conditions checked.
struct OpenedSource {
    catalog::BucketPtr bucket;
    catalog::FoundObject object;
};

/// errors: NoSuchBucket, AccessDenied (owner), NoSuchKey, NoSuchVersion, PreconditionFailed,
/// InvalidObjectState, customer keys of the source (NotImplemented).
base::Awaitable<Result<OpenedSource>> open_source(Context& context, const CopySource& source);

/// Plaintext [first, first + length) of the source; nothing when it was replaced since: open it
/// again (UPC-15). REQUIRES: length is not 0.
base::Awaitable<Result<std::optional<catalog::BodyReader>>> read_source(Context& context,
                                                                        const CopySource& source,
                                                                        const OpenedSource& opened,
                                                                        std::uint64_t first,
                                                                        std::uint64_t length);

}  // namespace holdfast::s3
