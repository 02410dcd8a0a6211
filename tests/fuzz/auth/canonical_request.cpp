/// Canonicalisation of path, query and headers: what is canonical stays as it is, and order and
/// spelling of what was sent make no difference.

#include <algorithm>

#include "auth/canonical.h"
#include "tests/fuzz/auth/fuzz_bench.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::fuzzing;

namespace {

std::string path_of(std::string_view raw) {
    std::string path;
    append_canonical_path(path, raw);
    return path;
}

std::string query_of(const std::vector<model::QueryItem>& items) {
    std::string query;
    append_canonical_query(query, items, false);
    return query;
}

void check_path(std::string_view raw) {
    if (!escapes_are_valid(raw)) return;
    const auto once = path_of(raw);
    HF_ASSERT(escapes_are_valid(once) && path_of(once) == once);
}

void check_query(std::string_view raw) {
    auto items = model::parse_query(raw);
    HF_ASSERT(items.has_value() == escapes_are_valid(raw));
    if (!items) return;
    const auto once = query_of(*items);
    const auto again = model::parse_query(once);
    HF_ASSERT(again && query_of(*again) == once);
    std::reverse(items->begin(), items->end());
    HF_ASSERT(query_of(*items) == once);
}

void check_headers(Input& input) {
    HeaderList headers;
    while (!input.empty()) {
        std::string name(input.text());
        headers.emplace_back(std::move(name), input.text());
    }
    std::vector<std::string_view> names;
    for (const auto& [name, value] : headers) names.push_back(name);
    std::sort(names.begin(), names.end());
    std::string once;
    append_canonical_headers(once, headers, names);
    for (auto& [name, value] : headers) value = "\t " + value + " \t";
    std::string padded;
    append_canonical_headers(padded, headers, names);
    HF_ASSERT(once == padded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const auto path = input.text();
    const auto query = input.text();
    check_path(path);
    check_query(query);
    HeaderList headers;
    headers.emplace_back("host", input.text());
    if (escapes_are_valid(path) && escapes_are_valid(query)) {
        const SignedRequest request{"GET", path, query, &headers, false};
        static_cast<void>(canonical_request(request, {"host"}, "hash", true));
    }
    check_headers(input);
    return 0;
}
