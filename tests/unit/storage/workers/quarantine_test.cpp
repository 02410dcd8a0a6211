#include "storage/workers/quarantine.h"

#include "storage/workers/state_file.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace std::chrono_literals;
using storage::SegmentPiece;
using storage::workers::Leftover;
using storage::workers::Location;
using storage::workers::Quarantine;

namespace {

const base::SteadyTime start{std::chrono::hours(100)};

Leftover leftover(std::uint8_t id, std::uint64_t offset, base::SteadyTime seen) {
    Leftover made;
    made.blob.fill(id);
    made.extent = {std::uint64_t{1} << 32 | 7, offset, 5000};
    made.bytes = 8192;
    made.kind = SegmentPiece::Kind::unfinished;
    made.first_seen = seen;
    return made;
}

}  // namespace

TEST_CASE("quarantine: what is kept comes back from its file, with its age, 2.7.2", "[workers]") {
    Quarantine quarantine;
    quarantine.add(leftover(1, 0, start - 2h));
    quarantine.add(leftover(2, 8192, start));
    const auto content = quarantine.encode(start);

    const base::SteadyTime later{std::chrono::hours(3)};  // another run's clock
    const auto read = Quarantine::parse(content, later);
    REQUIRE(read);
    CHECK(read->all().size() == 2);
    CHECK(read->bytes() == 2 * 8192);
    CHECK(read->older_than(1ms, later).size() == 1);
    CHECK(read->older_than(2h, later).size() == 1);
    CHECK(read->older_than(2h + 1ms, later).empty());
    const auto* found =
        read->find(Location(std::uint64_t{1} << 32 | 7, 0), leftover(1, 0, start).blob);
    REQUIRE(found != nullptr);
    CHECK(found->extent.length == 5000);
    CHECK(found->kind == SegmentPiece::Kind::unfinished);
    CHECK(read->encode(later) == content);
}

TEST_CASE("quarantine: a place with another blob is not the one that is kept", "[workers]") {
    Quarantine quarantine;
    quarantine.add(leftover(1, 4096, start));
    const Location place(std::uint64_t{1} << 32 | 7, 4096);
    CHECK(quarantine.find(place, leftover(2, 0, start).blob) == nullptr);
    CHECK(quarantine.find(place, leftover(1, 0, start).blob) != nullptr);
    quarantine.remove(place);
    CHECK(quarantine.all().empty());
}

TEST_CASE("quarantine: the file is as docs/format/workers.md says", "[workers][format]") {
    Quarantine quarantine;
    quarantine.add(leftover(0xab, 4096, start - 1500ms));
    CHECK(quarantine.encode(start) ==
          "holdfast quarantine 1\n"
          "abababababababababababababababab 4294967303 4096 5000 8192 1500 unfinished\n"
          "sha256 " +
              quarantine.encode(start).substr(quarantine.encode(start).find("sha256 ") + 7));
}

TEST_CASE("quarantine: a damaged file is not taken for an empty one", "[workers]") {
    Quarantine quarantine;
    quarantine.add(leftover(1, 0, start));
    const auto content = quarantine.encode(start);
    for (std::size_t i = 0; i < content.size(); ++i) {
        auto damaged = content;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        CHECK_FALSE(Quarantine::parse(damaged, start));
        CHECK_FALSE(Quarantine::parse(content.substr(0, i), start));
    }
    CHECK_FALSE(Quarantine::parse("", start));
}

TEST_CASE("quarantine: an age that no clock can be reckoned with is damage", "[workers]") {
    const auto content = [](const char* age) {
        return storage::workers::encode_state(
            "holdfast quarantine 1", {{std::string(32, 'a'), "1", "0", "0", "0", age, "whole"}});
    };
    CHECK(Quarantine::parse(content("3153600000000"), start));  // a hundred years
    CHECK_FALSE(Quarantine::parse(content("3153600000001"), start));
    CHECK_FALSE(Quarantine::parse(content("9223372036854775807"), start));
}

TEST_CASE("quarantine: each kind of leftover comes back as what it was", "[workers]") {
    const auto kind = GENERATE(SegmentPiece::Kind::whole, SegmentPiece::Kind::unfinished,
                               SegmentPiece::Kind::damaged);
    auto kept = leftover(1, 0, start);
    kept.kind = kind;
    Quarantine quarantine;
    quarantine.add(kept);
    const auto read = Quarantine::parse(quarantine.encode(start), start);
    REQUIRE(read);
    CHECK(read->all().begin()->second.kind == kind);
}

TEST_CASE("quarantine: a sealed file with other words is not read", "[workers]") {
    using storage::workers::StateLine;
    const auto is_read = [](const StateLine& line) {
        return Quarantine::parse(storage::workers::encode_state("holdfast quarantine 1", {line}),
                                 start)
            .has_value();
    };
    const StateLine line{std::string(32, 'a'), "1", "0", "0", "0", "5", "whole"};
    CHECK(is_read(line));
    const auto with = [&](std::size_t word, const char* text) {
        auto other = line;
        other[word] = text;
        return other;
    };
    CHECK_FALSE(is_read(with(0, "no-hex")));
    CHECK_FALSE(is_read(with(0, "aaaa")));
    for (std::size_t word = 1; word < 6; ++word) {
        CHECK_FALSE(is_read(with(word, "one")));
        CHECK_FALSE(is_read(with(word, "1x")));
        CHECK_FALSE(is_read(with(word, "18446744073709551616")));
    }
    CHECK_FALSE(is_read(with(6, "half")));
    auto other = line;
    other.push_back("more");
    CHECK_FALSE(is_read(other));
    other.resize(6);
    CHECK_FALSE(is_read(other));
}
