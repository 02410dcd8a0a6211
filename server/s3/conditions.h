/// Conditional requests: what If-* headers demand of the object that is there.
/// source: spec operations 6.2, 7.1, 8; multipart UPC-04, CPL-30 to CPL-35. threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/s3/context.h"

namespace holdfast::s3 {

/// Reading: GET and HEAD, and the source of a copy.
struct ReadConditions {
    std::optional<std::string> if_match;
    std::optional<std::string> if_none_match;
    std::optional<base::WallTime> if_modified_since;
    std::optional<base::WallTime> if_unmodified_since;

    /// `prefix` is "" or "x-amz-copy-source-". Dates that cannot be read or lie in the future count
    /// as absent.
    static ReadConditions parse(const Request& request, std::string_view prefix,
                                base::WallTime now);
};

enum class ConditionResult { passed, failed, not_modified };

struct ConditionOutcome {
    ConditionResult result = ConditionResult::passed;
    std::string_view condition;  ///< "If-Match" …, of the one that decided
};
ConditionOutcome evaluate(const ReadConditions& conditions, std::string_view etag,
                          base::WallTime last_modified);

/// A list of entity tags as a header has it, against one: quotes optional, "*" matches, "W/" is
/// dropped.
bool etag_matches(std::string_view header, std::string_view etag);

/// Writing: PutObject, CopyObject's destination, CompleteMultipartUpload.
struct WriteConditions {
    std::optional<std::string> if_match;  ///< without quotes
    bool if_match_any = false;            ///< "*"; "\"*\"" is a tag like any other
    bool if_none_match = false;           ///< "*"

    [[nodiscard]] bool any() const { return if_match || if_match_any || if_none_match; }
};

/// Which words If-Match accepts beside an entity tag.
enum class IfMatchAny { allowed, refused };

/// errors: NotImplemented for both at once, for If-None-Match other than "*", and for If-Match "*"
/// where it is refused (CPL-30b).
Result<WriteConditions> parse_write_conditions(const Request& request, IfMatchAny any);

/// Against the current object (null: none). errors: PreconditionFailed, NoSuchKey.
Result<base::Unit> check(const WriteConditions& conditions, const catalog::FoundObject* current,
                         std::string_view key);

}  // namespace holdfast::s3
