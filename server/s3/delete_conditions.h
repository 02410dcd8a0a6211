/// What a deletion demands of the object it deletes: If-Match and its two companions, in headers of
/// DeleteObject and in elements of DeleteObjects. source: spec operations 8. threads: any.
#pragma once

#include <optional>
#include <string>

#include "server/s3/context.h"
#include "server/s3/xml_reader.h"

namespace holdfast::s3 {

struct DeleteConditions {
    std::optional<std::string> etag;  ///< as sent; "*": any
    std::optional<base::WallTime> last_modified;
    std::optional<std::uint64_t> size;

    /// errors: InvalidArgument.
    static Result<DeleteConditions> parse(const Request& request);
    /// Of an Object element. errors: MalformedXML.
    static Result<DeleteConditions> parse(pugi::xml_node object);

    [[nodiscard]] bool any() const { return etag || last_modified || size; }
    /// Null: there is no object. errors: PreconditionFailed, NoSuchKey.
    [[nodiscard]] Result<base::Unit> check(const catalog::FoundObject* current,
                                           std::string_view key) const;
};

/// Whether a version id names the object of a bucket without versions: absent and "null" do, no
/// other id can exist. errors: InvalidArgument for a malformed one.
Result<bool> names_current_object(std::optional<std::string_view> version_id, std::string_view key);

}  // namespace holdfast::s3
