/// x-amz-checksum-*, Content-MD5 and x-amz-trailer of a request with a body: what the client
/// promises. source: spec multipart 5.8 (CK-20 to CK-32), auth K-12, K-19. threads: any.
#pragma once

#include <optional>
#include <string>

#include "model/checksum.h"
#include "server/s3/request.h"

namespace holdfast::s3 {

struct PromisedDigests {
    std::optional<base::Bytes> content_md5;              ///< 16 bytes
    std::optional<model::Checksum> checksum;             ///< by header
    std::optional<model::ChecksumAlgorithm> in_trailer;  ///< comes behind the body
    /// The algorithm a client named by any of the two ways.
    [[nodiscard]] std::optional<model::ChecksumAlgorithm> algorithm() const {
        return checksum ? std::optional(checksum->algorithm) : in_trailer;
    }
};

/// errors: InvalidRequest, InvalidDigest.
Result<PromisedDigests> parse_promised_digests(const Request& request);

/// Content-MD5 alone: 16 bytes, or nothing. errors: InvalidDigest (CK-32).
Result<std::optional<base::Bytes>> parse_content_md5(const Request& request);

/// A value of a header or trailer (CK-21). `where`: "header" or "trailing header".
Result<model::Checksum> parse_checksum_value(model::ChecksumAlgorithm algorithm,
                                             std::string_view text, std::string_view where);

/// The only x-amz-checksum-<algo> header, if any (CK-20, CK-22).
struct ChecksumHeader {
    model::ChecksumAlgorithm algorithm;
    std::string_view value;
};
Result<std::optional<ChecksumHeader>> find_checksum_header(const Request& request);

/// CK-01.
S3Error unsupported_checksum_algorithm();

/// "Checksum Type mismatch …", "BadDigest" and the like share these (CK-29).
S3Error checksum_mismatch(model::ChecksumAlgorithm algorithm);

}  // namespace holdfast::s3
