/// What GET and HEAD of an object share: which bytes are asked for, and all headers of the answer.
/// source: spec operations 6, 6.1, 6.2; multipart section 13. threads: one event loop.
#pragma once

#include <optional>
#include <string>

#include "model/names.h"
#include "server/s3/conditions.h"
#include "server/s3/context.h"

namespace holdfast::s3 {

struct ReadRequest {
    std::optional<model::PartNumber> part_number;
    std::optional<std::string> range;
    std::optional<std::string> if_range;
    bool with_checksum = false;
    http::Headers overrides;  ///< response-*: header names as they are sent
    ReadConditions conditions;

    /// errors: InvalidArgument, InvalidRequest (GP-01, GP-02), NoSuchVersion, encryption headers.
    static Result<ReadRequest> parse(const Context& context);
};

struct ReadAnswer {
    Response response;        ///< without a body; Content-Length is not set
    std::uint64_t first = 0;  ///< of the plaintext
    std::uint64_t length = 0;
};

/// errors: PreconditionFailed, NotModified, InvalidRange, InvalidPartNumber, InvalidObjectState
/// (of a GET). no_such_key of the catalog comes as an absent answer: find the object again.
base::Awaitable<Result<std::optional<ReadAnswer>>> decide_read(Context& context,
                                                               const catalog::FoundObject& found,
                                                               const ReadRequest& request);

/// How often an object that is replaced while it is read is looked up again.
inline constexpr int read_attempts_max = 16;

}  // namespace holdfast::s3
