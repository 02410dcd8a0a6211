/// Percent-coding, once in each direction. source: auth C-01 to C-08, operations 2.1. threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::model {

/// "+" stays "+". Nothing for a bad escape.
std::optional<std::string> percent_decode(std::string_view text);
/// "+" becomes a space first (query strings, x-amz-tagging).
std::optional<std::string> form_decode(std::string_view text);

/// Everything but A-Z a-z 0-9 - _ . ~ becomes %XX, upper case; `keep` lists further bytes left as
/// is.
std::string percent_encode(std::string_view text, std::string_view keep = {});

/// The raw query split on "&" and the first "=", decoded once. An item without "=" has no value.
struct QueryItem {
    std::string name;
    std::string value;
    bool has_value = false;
};
/// Empty pieces are dropped; nothing when any escape is bad.
std::optional<std::vector<QueryItem>> parse_query(std::string_view raw_query);

}  // namespace holdfast::model
