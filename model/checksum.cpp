#include "model/checksum.h"

#include <algorithm>

#include "base/assert.h"

namespace holdfast::model {

namespace {

struct Row {
    ChecksumAlgorithm algorithm;
    std::string_view name;
    std::string_view lower_name;
    std::size_t digest_bytes;
    bool composite;
    bool full_object;
};

// In the order of the enum, whose values start at 1: row() depends on it.
constexpr std::array<Row, 10> rows{{
    {ChecksumAlgorithm::crc32, "CRC32", "crc32", 4, true, true},
    {ChecksumAlgorithm::crc32c, "CRC32C", "crc32c", 4, true, true},
    {ChecksumAlgorithm::crc64nvme, "CRC64NVME", "crc64nvme", 8, false, true},
    {ChecksumAlgorithm::sha1, "SHA1", "sha1", 20, true, false},
    {ChecksumAlgorithm::sha256, "SHA256", "sha256", 32, true, false},
    {ChecksumAlgorithm::sha512, "SHA512", "sha512", 64, true, false},
    {ChecksumAlgorithm::md5, "MD5", "md5", 16, true, false},
    {ChecksumAlgorithm::xxhash64, "XXHASH64", "xxhash64", 8, true, false},
    {ChecksumAlgorithm::xxhash3, "XXHASH3", "xxhash3", 8, true, false},
    {ChecksumAlgorithm::xxhash128, "XXHASH128", "xxhash128", 16, true, false},
}};

constexpr bool rows_follow_the_enum() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].algorithm) != i + 1) return false;
    return rows.size() == all_checksum_algorithms.size();
}
static_assert(rows_follow_the_enum());

const Row& row(ChecksumAlgorithm algorithm) {
    const auto place = static_cast<std::size_t>(algorithm) - 1;
    HF_ASSERT(place < rows.size());
    return rows[place];
}

constexpr std::string_view header_prefix = "x-amz-checksum-";

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool equal_ignoring_case(std::string_view text, std::string_view upper_case) {
    return std::equal(text.begin(), text.end(), upper_case.begin(), upper_case.end(),
                      [](char a, char b) { return upper(a) == b; });
}

}  // namespace

std::string_view name(ChecksumAlgorithm algorithm) {
    return row(algorithm).name;
}

std::string_view lower_name(ChecksumAlgorithm algorithm) {
    return row(algorithm).lower_name;
}

std::string header_name(ChecksumAlgorithm algorithm) {
    std::string header(header_prefix);
    header += lower_name(algorithm);
    return header;
}

std::size_t digest_bytes(ChecksumAlgorithm algorithm) {
    return row(algorithm).digest_bytes;
}

std::string_view name(ChecksumType type) {
    return type == ChecksumType::composite ? "COMPOSITE" : "FULL_OBJECT";
}

std::optional<ChecksumAlgorithm> parse_checksum_algorithm(std::string_view text) {
    for (const auto& row : rows)
        if (equal_ignoring_case(text, row.name)) return row.algorithm;
    return std::nullopt;
}

std::optional<ChecksumType> parse_checksum_type(std::string_view text) {
    for (const auto type : {ChecksumType::composite, ChecksumType::full_object})
        if (equal_ignoring_case(text, name(type))) return type;
    return std::nullopt;
}

std::optional<ChecksumAlgorithm> checksum_of_header(std::string_view lower_header_name) {
    if (!lower_header_name.starts_with(header_prefix)) return std::nullopt;
    const auto algorithm_name = lower_header_name.substr(header_prefix.size());
    for (const auto& row : rows)
        if (algorithm_name == row.lower_name) return row.algorithm;
    return std::nullopt;
}

bool allows(ChecksumAlgorithm algorithm, ChecksumType type) {
    const Row& found = row(algorithm);
    return type == ChecksumType::composite ? found.composite : found.full_object;
}

ChecksumType default_type(ChecksumAlgorithm algorithm) {
    return row(algorithm).composite ? ChecksumType::composite : ChecksumType::full_object;
}

std::optional<Checksum> parse_checksum(ChecksumAlgorithm algorithm, std::string_view text) {
    auto digest = base::from_base64(text);
    if (!digest || digest->size() != digest_bytes(algorithm)) return std::nullopt;
    return Checksum{algorithm, *std::move(digest)};
}

}  // namespace holdfast::model
