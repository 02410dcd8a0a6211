/// Rules of S3 that several operations of the reference model share: errors, dates, ranges,
/// conditions, checksums, pages. threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/model/call.h"

namespace holdfast::model_test {

struct Object;

struct Checksum {
    std::string algorithm;
    std::string value;  ///< base64, with "-N" when COMPOSITE
    std::string type;   ///< FULL_OBJECT or COMPOSITE
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/// An error's document; a HEAD's has none, which Reference::handle sees to.
Expected error(unsigned status, const std::string& code, const Fields& fields = {});
Expected invalid_argument(const std::string& name, const std::string& value);

std::string http_date(std::int64_t ms);
std::string xml_date(std::int64_t ms);  ///< whole seconds (GEN-03)
std::string quoted(const std::string& etag);
std::string unquoted(const std::string& etag);

/// What a Range header asks of an object of so many bytes (operations 6.1).
struct Range {
    enum class Kind { whole, part, unsatisfiable } kind = Kind::whole;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};
Range range_of(const std::optional<std::string>& header, std::uint64_t size);

/// Conditions of a read or of a copy's source (operations 6.2). The name of the header that failed
/// and whether that means "not modified"; empty: passed.
struct ReadRefusal {
    std::string condition;
    bool not_modified = false;
};
ReadRefusal read_conditions(const Call& call, const std::string& prefix, const Object& object,
                            std::int64_t now_ms);

/// If-Match and If-None-Match of a write (operations 7.1). `object`: null for none.
std::optional<Expected> write_conditions(const Call& call, const Object* object);
/// Their forms that no write takes: 501.
std::optional<Expected> write_condition_syntax(const Call& call, bool any_match_allowed);

std::string checksum_header(const std::string& algorithm);
/// Of the request: its algorithm and value, when it brings one.
std::optional<std::pair<std::string, std::string>> sent_checksum(const Call& call);
std::string checksum_value(const Content& content, const std::string& algorithm);
Checksum full_object(const Content& content, const std::string& algorithm);
Checksum composite(const std::vector<std::string>& part_values, const std::string& algorithm);
/// Content-MD5 and x-amz-checksum-* against the body.
std::optional<Expected> check_digests(const Call& call, const Content& content);

/// A number of a page: absent or empty is 1,000, more is 1,000. errors: not a number.
std::optional<int> page_size(const std::optional<std::string>& text);

/// Cuts keys into a page of names and groups (operations 5). `after` is a name or a group.
struct Page {
    struct Item {
        std::string name;
        bool group = false;
    };
    std::vector<Item> items;
    bool truncated = false;
};
Page page_of(const std::vector<std::string>& keys, const std::string& prefix,
             const std::string& delimiter, const std::string& after, int limit);
/// The group a key belongs to, or "".
std::string group_of(const std::string& key, const std::string& prefix,
                     const std::string& delimiter);

}  // namespace holdfast::model_test
