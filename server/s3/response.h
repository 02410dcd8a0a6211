/// From an operation's answer to HTTP: the headers every answer has, and the error document.
/// source: spec multipart GEN-01, GEN-02; operations 3.1, 3.2. threads: any.
#pragma once

#include <string>

#include "server/s3/context.h"

namespace holdfast::s3 {

RequestIds make_request_ids(base::Random& random);

/// x-amz-request-id and x-amz-id-2 in front of `headers`.
http::ResponseHead response_head(unsigned status, http::Headers headers, const RequestIds& ids);

/// The answer that says `error`; without a document for HEAD and 304 (their answers have no body).
struct ErrorAnswer {
    http::ResponseHead head;
    std::string body;
};
ErrorAnswer error_answer(const S3Error& error, bool with_document, std::string_view resource,
                         const RequestIds& ids);

}  // namespace holdfast::s3
