#include "storage/workers/scrub_state.h"

#include <algorithm>

#include "storage/workers/state_file.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::string_view head = "holdfast scrub 2";
constexpr const char* pass_word = "pass";
constexpr const char* under_way_word = "under_way";
constexpr const char* idle_word = "idle";
constexpr const char* damage_word = "damaged";
constexpr std::size_t pass_words = 10;
constexpr std::size_t damage_words_min = 14;

std::string number(std::uint64_t value) {
    return std::to_string(value);
}

std::string millis(base::WallTime time) {
    return number(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

base::WallTime wall(std::uint64_t since_epoch) {
    return base::WallTime(std::chrono::milliseconds(since_epoch));
}

const char* word_of(Damage::Kind kind) {
    switch (kind) {
        case Damage::Kind::blob:
            return "blob";
        case Damage::Kind::file:
            return "file";
        case Damage::Kind::row:
            return "row";
        default:
            return "rows";
    }
}

std::optional<Damage::Kind> kind_of(std::string_view word) {
    for (const auto kind :
         {Damage::Kind::blob, Damage::Kind::file, Damage::Kind::row, Damage::Kind::rows})
        if (word == word_of(kind)) return kind;
    return std::nullopt;
}

const char* word_of(RowFamily family) {
    return family == RowFamily::index ? "index" : "body";
}

std::optional<RowFamily> family_of(std::string_view word) {
    for (const auto family : {RowFamily::index, RowFamily::body})
        if (word == word_of(family)) return family;
    return std::nullopt;
}

StateLine to_line(const Damage& damage) {
    StateLine line{damage_word,
                   word_of(damage.kind),
                   base::to_hex(damage.blob.id),
                   to_word(damage.file),
                   to_word(damage.partition),
                   word_of(damage.family),
                   to_word(damage.row_key),
                   to_word(damage.bucket),
                   number(damage.part),
                   to_word(damage.what),
                   millis(damage.first_seen),
                   millis(damage.last_seen),
                   number(damage.blob.stored_bytes),
                   number(damage.blob.frame_bytes)};
    for (const auto& extent : damage.blob.extents)
        for (const auto value : {extent.segment, extent.offset, extent.length})
            line.push_back(number(value));
    return line;
}

/// The numbers of a line from a word on; nothing when one of them is none.
std::optional<std::vector<std::uint64_t>> numbers_from(const StateLine& line, std::size_t first) {
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = first; i < line.size(); ++i) {
        const auto value = to_number(line[i]);
        if (!value) return std::nullopt;
        numbers.push_back(*value);
    }
    return numbers;
}

std::optional<Damage> parse_damage(const StateLine& line) {
    if (line.size() < damage_words_min || (line.size() - damage_words_min) % 3 != 0 ||
        line[0] != damage_word)
        return std::nullopt;
    Damage damage;
    const auto kind = kind_of(line[1]);
    const auto id = base::from_hex(line[2]);
    const auto file = from_word(line[3]);
    const auto partition = from_word(line[4]);
    const auto family = family_of(line[5]);
    const auto row_key = from_word(line[6]);
    const auto bucket = from_word(line[7]);
    const auto part = to_number(line[8]);
    const auto what = from_word(line[9]);
    const auto numbers = numbers_from(line, 10);
    if (!kind || !id || id->size() != damage.blob.id.size() || !file || !partition || !family ||
        !row_key || !bucket || !part || !what || !numbers)
        return std::nullopt;
    damage.kind = *kind;
    damage.family = *family;
    std::copy(id->begin(), id->end(), damage.blob.id.begin());
    damage.file = *file;
    damage.partition = *partition;
    damage.row_key = *row_key;
    damage.bucket = *bucket;
    damage.part = static_cast<std::uint32_t>(*part);
    damage.what = *what;
    damage.first_seen = wall((*numbers)[0]);
    damage.last_seen = wall((*numbers)[1]);
    damage.blob.stored_bytes = (*numbers)[2];
    damage.blob.frame_bytes = static_cast<std::uint32_t>((*numbers)[3]);
    for (std::size_t i = 4; i + 2 < numbers->size(); i += 3)
        damage.blob.extents.push_back({(*numbers)[i], (*numbers)[i + 1], (*numbers)[i + 2]});
    return damage;
}

bool parse_pass(const StateLine& line, ScrubState& state) {
    if (line.size() != pass_words || line[0] != pass_word) return false;
    if (line[1] != under_way_word && line[1] != idle_word) return false;
    const auto partition = from_word(line[2]);
    const auto key = from_word(line[3]);
    const auto file = from_word(line[4]);
    const auto age = to_age(line[5]);
    const auto numbers = numbers_from(line, 6);
    if (!partition || !key || !file || !age || !numbers) return false;
    state.under_way = line[1] == under_way_word;
    state.cursor = {*partition, *key};
    state.file_cursor = *file;
    state.age = *age;
    state.passes = (*numbers)[0];
    state.blobs = (*numbers)[1];
    state.bytes = (*numbers)[2];
    if ((*numbers)[3] != 0) state.ended = wall((*numbers)[3]);
    return true;
}

}  // namespace

std::string ScrubState::encode() const {
    std::vector<StateLine> lines;
    lines.push_back({pass_word, under_way ? under_way_word : idle_word, to_word(cursor.partition),
                     to_word(cursor.key), to_word(file_cursor),
                     number(static_cast<std::uint64_t>(age.count())), number(passes), number(blobs),
                     number(bytes), ended ? millis(*ended) : "0"});
    for (const auto& damage : damaged) lines.push_back(to_line(damage));
    return encode_state(head, lines);
}

std::optional<ScrubState> ScrubState::parse(std::string_view content) {
    const auto lines = parse_state(head, content);
    if (!lines || lines->empty()) return std::nullopt;
    ScrubState state;
    if (!parse_pass(lines->front(), state)) return std::nullopt;
    for (std::size_t i = 1; i < lines->size(); ++i) {
        auto damage = parse_damage((*lines)[i]);
        if (!damage) return std::nullopt;
        state.damaged.push_back(*std::move(damage));
    }
    return state;
}

}  // namespace holdfast::storage::workers
