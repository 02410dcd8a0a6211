#include "storage/workers/quarantine.h"

#include <algorithm>

#include "storage/workers/state_file.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::string_view head = "holdfast quarantine 1";
constexpr std::size_t words_per_line = 7;

const char* word_of(SegmentPiece::Kind kind) {
    if (kind == SegmentPiece::Kind::whole) return "whole";
    return kind == SegmentPiece::Kind::unfinished ? "unfinished" : "damaged";
}

std::optional<SegmentPiece::Kind> kind_of(std::string_view word) {
    for (const auto kind :
         {SegmentPiece::Kind::whole, SegmentPiece::Kind::unfinished, SegmentPiece::Kind::damaged})
        if (word == word_of(kind)) return kind;
    return std::nullopt;
}

std::optional<Leftover> parse_line(const StateLine& line, base::SteadyTime now) {
    if (line.size() != words_per_line) return std::nullopt;
    const auto id = base::from_hex(line[0]);
    const auto age = to_age(line[5]);
    const auto kind = kind_of(line[6]);
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 1; i < 5; ++i) {
        const auto number = to_number(line[i]);
        if (!number) return std::nullopt;
        numbers.push_back(*number);
    }
    Leftover leftover;
    if (!id || id->size() != leftover.blob.size() || !age || !kind) return std::nullopt;
    std::copy(id->begin(), id->end(), leftover.blob.begin());
    leftover.extent = {numbers[0], numbers[1], numbers[2]};
    leftover.bytes = numbers[3];
    leftover.first_seen = now - *age;
    leftover.kind = *kind;
    return leftover;
}

}  // namespace

void Quarantine::add(const Leftover& leftover) {
    leftovers_.insert_or_assign(Location(leftover.extent.segment, leftover.extent.offset),
                                leftover);
}

void Quarantine::remove(const Location& place) {
    leftovers_.erase(place);
}

const Leftover* Quarantine::find(const Location& place, const BlobId& blob) const {
    const auto found = leftovers_.find(place);
    return found == leftovers_.end() || found->second.blob != blob ? nullptr : &found->second;
}

std::uint64_t Quarantine::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [place, leftover] : leftovers_) sum += leftover.bytes;
    return sum;
}

std::vector<Leftover> Quarantine::older_than(std::chrono::milliseconds age,
                                             base::SteadyTime now) const {
    std::vector<Leftover> old;
    for (const auto& [place, leftover] : leftovers_)
        if (now - leftover.first_seen >= age) old.push_back(leftover);
    return old;
}

std::string Quarantine::encode(base::SteadyTime now) const {
    std::vector<StateLine> lines;
    for (const auto& [place, leftover] : leftovers_) {
        const auto age =
            std::chrono::duration_cast<std::chrono::milliseconds>(now - leftover.first_seen);
        lines.push_back({base::to_hex(leftover.blob), std::to_string(place.first),
                         std::to_string(place.second), std::to_string(leftover.extent.length),
                         std::to_string(leftover.bytes), std::to_string(age.count()),
                         word_of(leftover.kind)});
    }
    return encode_state(head, lines);
}

std::optional<Quarantine> Quarantine::parse(std::string_view content, base::SteadyTime now) {
    const auto lines = parse_state(head, content);
    if (!lines) return std::nullopt;
    Quarantine quarantine;
    for (const auto& line : *lines) {
        const auto leftover = parse_line(line, now);
        if (!leftover) return std::nullopt;
        quarantine.add(*leftover);
    }
    return quarantine;
}

}  // namespace holdfast::storage::workers
