/// Canonicalisation of path, query and headers: what is canonical stays as it is, order and
/// spelling of what was sent make no difference, and the whole is what a naive canonicaliser makes
/// of it.

#include <algorithm>

#include "auth/canonical.h"
#include "tests/fuzz/auth/fuzz_bench.h"
#include "tests/fuzz/auth/naive_canonical.h"

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

/// All that is left of the input, in pairs of texts.
HeaderList headers_of(Input& input) {
    HeaderList headers;
    while (!input.empty()) {
        std::string name(input.text());
        headers.emplace_back(std::move(name), input.text());
    }
    return headers;
}

/// Every second header is not signed, one that is not there is.
void check_against_naive(std::string_view path, std::string_view query, const HeaderList& headers) {
    if (!escapes_are_valid(path) || !escapes_are_valid(query)) return;
    naive::Request expected;
    expected.method = "PUT";
    expected.path = path;
    expected.query = query;
    expected.headers = headers;
    expected.payload_hash = "hash";
    expected.signed_names = {"x-amz-absent"};
    for (std::size_t i = 0; i < headers.size(); i += 2)
        expected.signed_names.insert(headers[i].first);
    std::vector<std::string> names(expected.signed_names.rbegin(), expected.signed_names.rend());
    for (const bool presigned : {false, true}) {
        expected.presigned = presigned;
        const SignedRequest request{"PUT", path, query, &headers, false};
        HF_ASSERT(canonical_request(request, names, "hash", presigned) ==
                  naive::canonical(expected));
    }
}

void check_headers(HeaderList headers) {
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
    auto headers = headers_of(input);
    check_against_naive(path, query, headers);
    check_headers(std::move(headers));
    return 0;
}
