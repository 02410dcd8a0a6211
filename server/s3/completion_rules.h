/// Whether an upload may become an object, and which: pure decisions on one consistent state.
/// source: spec multipart section 9 (CPL-10 to CPL-36). threads: any.
#pragma once

#include "server/s3/completion_request.h"
#include "server/s3/conditions.h"
#include "server/s3/context.h"

namespace holdfast::s3 {

struct CompletionRules {
    bool duplicates_last_wins = true;  ///< CPL-11
    std::uint64_t part_bytes_min = 0;  ///< LIM-03
    std::uint64_t object_bytes_max = 0;
};

/// Conditions of CPL-31 to CPL-35 against the current object (null: none). "Since the upload was
/// initiated" is told by commit numbers, never by clocks. errors: PreconditionFailed, NoSuchKey,
/// ConditionalRequestConflict.
Result<base::Unit> check_completion_conditions(const WriteConditions& conditions,
                                               const catalog::FoundUpload& upload,
                                               const catalog::FoundObject* current,
                                               std::string_view key);

/// errors: InvalidArgument, InvalidPartOrder, InvalidPart, InvalidRequest, BadDigest,
/// EntityTooSmall, EntityTooLarge.
Result<catalog::CompletionPlan> plan_completion(const CompletionRules& rules,
                                                const CompletionRequest& request,
                                                std::string_view upload_id,
                                                const records::Upload& upload,
                                                const std::vector<records::Part>& parts);

}  // namespace holdfast::s3
