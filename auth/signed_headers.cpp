#include "auth/signed_headers.h"

#include <algorithm>

#include "auth/text.h"

namespace holdfast::auth {

namespace {

bool is_lower_case_token(std::string_view name) {
    return !name.empty() &&
           all_of(name, [](char c) { return is_token_char(c) && to_lower(c) == c; });
}

bool must_be_signed(std::string_view name, const std::vector<std::string>& ignored,
                    bool presigned) {
    if (name == "host") return true;                                          // P-01
    if (!name.starts_with("x-amz-")) return false;                            // P-06, P-07, P-08
    if (presigned && name == "x-amz-content-sha256") return false;            // P-03
    return std::find(ignored.begin(), ignored.end(), name) == ignored.end();  // P-02, P-04
}

}  // namespace

bool SignedHeaders::has(std::string_view name) const {
    return std::binary_search(names.begin(), names.end(), name);
}

SignedHeaders parse_signed_headers(std::string_view text) {
    SignedHeaders parsed;
    parsed.names.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), ';')) + 1);
    // "a;" names an empty header behind the last separator: hence not `while (!text.empty())`.
    for (bool more = true; more;) {
        more = text.find(';') != std::string_view::npos;
        parsed.names.push_back(take_until(text, ';'));
    }
    std::sort(parsed.names.begin(), parsed.names.end());
    parsed.well_formed =
        std::all_of(parsed.names.begin(), parsed.names.end(), is_lower_case_token) &&
        std::adjacent_find(parsed.names.begin(), parsed.names.end()) == parsed.names.end();
    return parsed;
}

std::string unsigned_headers(const HeaderList& headers, const SignedHeaders& signed_headers,
                             const std::vector<std::string>& ignored, bool presigned) {
    std::vector<std::string_view> missing;
    for (const auto& [name, value] : headers) {
        if (!must_be_signed(name, ignored, presigned) || signed_headers.has(name)) continue;
        if (std::find(missing.begin(), missing.end(), name) == missing.end())
            missing.push_back(name);
    }
    std::string list;
    for (const auto name : missing) {
        if (!list.empty()) list += ", ";
        list += name;
    }
    // A request may come without a Host header, a signature not without its name.
    if (list.empty() && !signed_headers.has("host")) list = "host";
    return list;
}

}  // namespace holdfast::auth
