// The small files of a volume, the index' log and the values of rows: what parses encodes to the
// same bytes.
#include <cstdlib>

#include "storage/local/crc32c.h"
#include "storage/local/highwater.h"
#include "storage/local/reattach_note.h"
#include "storage/local/record_log.h"
#include "storage/local/row_codec.h"
#include "storage/local/volume.h"

using namespace holdfast;
using namespace holdfast::storage::local;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

/// With the checksum that is its last four bytes put right.
std::string sealed(base::ByteView bytes) {
    std::string text(base::as_text(bytes));
    if (text.size() < 4) return text;
    const auto checksum = crc32c(base::as_bytes(text).first(text.size() - 4));
    base::store_le32({reinterpret_cast<std::uint8_t*>(text.data()) + text.size() - 4, 4}, checksum);
    return text;
}

void check(const std::string& text) {
    const auto bytes = base::as_bytes(text);
    if (const auto slot = parse_high_water_slot(bytes))
        require(text.starts_with(base::as_text(encode_high_water_slot(*slot))));
    if (const auto incarnation = parse_incarnation(bytes))
        require(parse_incarnation(base::as_bytes(encode_incarnation(*incarnation))).has_value());
    if (const auto note = parse_reattach_note(bytes)) require(encode_reattach_note(*note) == text);
    if (const auto id = parse_format(bytes)) require(encode_format(*id) == text);
    if (const auto value = parse_disk_value(text))
        require(version_prefix(value->version).append(value->value) == text);
    if (const auto range = parse_commit_range(text)) require(encode_commit_range(*range) == text);
    if (const auto number = parse_commit_number(text))
        require(encode_commit_number(*number) == text);
    if (find_log_damage(bytes, false).empty()) require(find_log_damage(bytes, true).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const base::ByteView bytes(data, size);
    check(std::string(base::as_text(bytes)));
    check(sealed(bytes));
    return 0;
}
