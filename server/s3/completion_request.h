/// CompleteMultipartUpload's request: the list of parts and what is demanded of the whole.
/// source: spec multipart section 9 (CPL-01 to CPL-06). threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/checksum.h"
#include "server/s3/request.h"

namespace holdfast::s3 {

struct ListedPart {
    std::int64_t number = 0;
    std::string etag;  ///< without quotes, as sent
    /// Checksum<ALGO> children with their texts, unchecked (CPL-21 comes after CPL-20).
    std::vector<std::pair<model::ChecksumAlgorithm, std::string>> checksums;
};

struct CompletionRequest {
    std::vector<ListedPart> parts;  ///< in the order of the document
    std::optional<std::uint64_t> object_bytes;
    std::optional<model::ChecksumType> type;
    struct Value {
        model::ChecksumAlgorithm algorithm;
        std::string text;
    };
    std::optional<Value> checksum;  ///< of the whole object, unchecked

    /// errors: InvalidRequest, MalformedXML.
    static Result<CompletionRequest> parse(const Request& request, const std::string& document);

    /// The same for every request that lists the same parts (CPL-50).
    [[nodiscard]] std::string part_list_digest() const;
};

}  // namespace holdfast::s3
