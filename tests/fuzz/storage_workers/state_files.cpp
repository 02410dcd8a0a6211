// The workers' files: what is accepted encodes to what is accepted as the same, and the seal is the
// only thing that keeps any lines of words from being read.
#include <algorithm>
#include <cstdlib>

#include "storage/crypto/sha256.h"
#include "storage/workers/quarantine.h"
#include "storage/workers/scrub_state.h"
#include "storage/workers/state_file.h"

using namespace holdfast;
using namespace holdfast::storage::workers;

namespace {

constexpr std::string_view quarantine_head = "holdfast quarantine 1";
constexpr std::string_view scrub_head = "holdfast scrub 2";
// Of a server that has run for a while, so that some ages are before its start.
constexpr base::SteadyTime now{std::chrono::hours(1)};

void require(bool condition) {
    if (!condition) std::abort();
}

/// With the seal of what stands before it.
std::string sealed(std::string content) {
    const auto seal = base::to_hex(storage::crypto::sha256(base::as_bytes(content)));
    return content.append("sha256 ").append(seal).append("\n");
}

bool same(const storage::Extent& a, const storage::Extent& b) {
    return a.segment == b.segment && a.offset == b.offset && a.length == b.length;
}

void check_quarantine(const std::string& text) {
    const auto quarantine = Quarantine::parse(text, now);
    if (!quarantine) return;
    const auto encoded = quarantine->encode(now);
    const auto again = Quarantine::parse(encoded, now);
    require(again && again->encode(now) == encoded);
    require(again->all().size() == quarantine->all().size());
    for (const auto& [place, leftover] : quarantine->all()) {
        const auto* found = again->find(place, leftover.blob);
        require(found != nullptr && same(found->extent, leftover.extent));
        require(found->bytes == leftover.bytes && found->kind == leftover.kind);
        require(found->first_seen == leftover.first_seen && found->first_seen <= now);
    }
    require(again->bytes() == quarantine->bytes());
    require(again->older_than({}, now).size() == quarantine->all().size());
}

void check_scrub(const std::string& text) {
    const auto state = ScrubState::parse(text);
    if (!state) return;
    const auto encoded = state->encode();
    const auto again = ScrubState::parse(encoded);
    require(again && again->encode() == encoded);
    require(again->under_way == state->under_way && again->age == state->age);
    require(again->cursor.partition == state->cursor.partition);
    require(again->cursor.key == state->cursor.key && again->ended == state->ended);
    require(again->file_cursor == state->file_cursor);
    require(again->damaged.size() == state->damaged.size());
    for (std::size_t i = 0; i < state->damaged.size(); ++i) {
        const auto& a = state->damaged[i];
        const auto& b = again->damaged[i];
        require(a.kind == b.kind && a.blob.id == b.blob.id && a.what == b.what);
        require(std::equal(a.blob.extents.begin(), a.blob.extents.end(), b.blob.extents.begin(),
                           b.blob.extents.end(), same));
        require(a.family == b.family && a.row_key == b.row_key && a.part == b.part &&
                a.first_seen == b.first_seen);
    }
    // A server that reads it reckons with these times.
    require(state->age.count() >= 0 && now - state->age <= now);
}

void check_lines(std::string_view head, const std::string& text) {
    const auto lines = parse_state(head, text);
    if (!lines) return;
    const auto again = parse_state(head, encode_state(head, *lines));
    require(again == lines);
}

void check(const std::string& text) {
    check_quarantine(text);
    check_scrub(text);
    check_lines(quarantine_head, text);
    check_lines(scrub_head, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(base::as_text(base::ByteView(data, size)));
    check(text);
    check(sealed(text));
    check(sealed(std::string(quarantine_head) + '\n' + text));
    check(sealed(std::string(scrub_head) + '\n' + text));
    require(from_word(to_word(text)) == text);
    if (const auto word = from_word(text)) require(from_word(to_word(*word)) == word);
    // One bit is enough to break a seal.
    auto broken = sealed(std::string(scrub_head) + '\n' + text);
    broken[size % broken.size()] ^= 1;
    require(!parse_state(scrub_head, broken));
    return 0;
}
