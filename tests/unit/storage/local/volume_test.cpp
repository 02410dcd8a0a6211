#include "storage/local/volume.h"

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "storage/local/open_error.h"
#include "storage/local/sealed_bytes.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage::local;
using tests::TemporaryDirectory;

namespace {

struct VolumeWorld {
    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::SeededRandom random{7};

    auto open(const std::string& path) { return Volume::open(path, *vfs, random); }
    std::unique_ptr<Volume> must_open(const std::string& path) {
        auto volume = open(path);
        REQUIRE(volume);
        if ((*volume)->is_new()) REQUIRE((*volume)->finish_creation());
        REQUIRE((*volume)->start_incarnation(base::WallTime()));
        return *std::move(volume);
    }
    OpenError refusal(const std::string& path) {
        const auto volume = open(path);
        REQUIRE_FALSE(volume);
        return volume.error();
    }
    void write(const std::string& path, std::string_view content) {
        REQUIRE(base::write_file_durably(*vfs, path, base::as_bytes(content), 0640));
    }
    std::vector<std::string> list(const std::string& path) {
        const auto names = vfs->list(path);
        REQUIRE(names);
        return *names;
    }
};

VolumeId an_id() {
    VolumeId id{};
    for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::uint8_t>(0xa0 + i);
    return id;
}

}  // namespace

TEST_CASE("volume: golden bytes of format 2", "[local][volume][format]") {
    CHECK(base::to_hex(base::as_bytes(encode_format(an_id()))) ==
          "686f6c646661737420766f6c756d650a"
          "02000000"
          "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
          "9a6f3eb1");
    CHECK(base::to_hex(base::as_bytes(encode_incarnation(Incarnation{3, true, 258}))) ==
          "4846494e43415232"
          "0300000000000000"
          "0201000000000000"
          "01000000"
          "00000000"
          "67605cd9");
    const base::WallTime at{std::chrono::milliseconds(0x0102)};
    CHECK(base::to_hex(base::as_bytes(encode_incarnation(Incarnation{3, false, 0, {at}}))) ==
          "4846494e43415232"
          "0300000000000000"
          "0000000000000000"
          "00000000"
          "01000000"
          "0201000000000000"
          "de6f672c");
}

TEST_CASE("volume: an empty or missing directory becomes one, and stays the same one",
          "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    const auto path = GENERATE(std::string(""), std::string("/a/b/"));
    VolumeId id{};
    {
        const auto volume = world.must_open(directory.path() + path);
        id = volume->id();
        CHECK(volume->incarnation() == 1);
    }
    CHECK(id != VolumeId{});
    const auto again = world.must_open(directory.path() + path);
    CHECK(again->id() == id);
    CHECK(again->incarnation() == 2);
    CHECK(world.list(directory.path() + path) ==
          std::vector<std::string>{"format", "incarnation", "index", "lock", "segments"});
}

TEST_CASE("volume: P1 the directories made for it survive a power loss behind its creation",
          "[local][volume][crash]") {
    const auto path = GENERATE(std::string("/data"), std::string("/srv/s3/data"),
                               std::string("srv/s3/a/b/data/"));
    CAPTURE(path);
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        base::SeededRandom random{seed};
        base::SimVfs disk;
        VolumeId id{};
        {
            const auto volume = Volume::open(path, disk, random);
            REQUIRE(volume);
            REQUIRE((*volume)->finish_creation());
            REQUIRE((*volume)->start_incarnation(base::WallTime()));
            id = (*volume)->id();
        }
        const auto left = disk.crash(seed);
        const auto again = Volume::open(path, *left, random);
        REQUIRE(again);
        REQUIRE_FALSE((*again)->is_new());
        REQUIRE((*again)->id() == id);
    }
}

TEST_CASE("volume: P1 a name made by a creation that was killed is made durable by the next one",
          "[local][volume][crash]") {
    const std::string path = "/srv/s3/data";
    for (std::uint64_t nth = 1; nth <= 5; ++nth) {
        CAPTURE(nth);
        base::SeededRandom random{nth};
        base::SimVfs disk;
        base::FaultyVfs stopping(disk);
        // Nothing works from the nth sync of a directory on: what was made stays in the cache.
        stopping.fail({"sync_directory", "", nth, EIO, true});
        static_cast<void>(Volume::open(path, stopping, random));
        {
            const auto volume = Volume::open(path, disk, random);
            REQUIRE(volume);
            REQUIRE((*volume)->finish_creation());
        }
        for (std::uint64_t seed = 1; seed <= 40; ++seed) {
            CAPTURE(seed);
            const auto left = disk.crash(seed);
            const auto again = Volume::open(path, *left, random);
            REQUIRE(again);
            REQUIRE_FALSE((*again)->is_new());
        }
    }
}

TEST_CASE("volume: a directory whose parent may not be read is as good as any other",
          "[local][volume]") {
    base::SeededRandom random{7};
    base::SimVfs disk;
    REQUIRE(disk.make_directories("/private/data"));
    base::FaultyVfs guarded(disk);
    guarded.fail({"sync_directory", "/private", 1, EACCES, false});
    CHECK(Volume::open("/private/data", guarded, random));
    CHECK(guarded.failed());
}

TEST_CASE("volume: only a stop with the clean marker is a clean one", "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    world.must_open(directory.path());
    {
        const auto volume = world.must_open(directory.path());
        CHECK_FALSE(volume->previous().clean);
        REQUIRE(volume->mark_clean(77));
    }
    {
        const auto volume = world.must_open(directory.path());
        CHECK(volume->previous().clean);
        CHECK(volume->previous().commit_no == 77);
        CHECK(volume->incarnation() == 3);
    }
    CHECK_FALSE(world.must_open(directory.path())->previous().clean);
}

TEST_CASE("volume: a second open is refused while the first one lives", "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    {
        const auto volume = world.must_open(directory.path());
        CHECK(world.refusal(directory.path()).kind == OpenError::Kind::in_use);
    }
    CHECK(world.open(directory.path()));
}

TEST_CASE("volume: a directory with somebody else's files is refused and not touched",
          "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    world.write(directory.file("thesis.txt"), "text");
    const auto error = world.refusal(directory.path());
    CHECK(error.kind == OpenError::Kind::foreign_format);
    CHECK(error.message.find("thesis.txt") != std::string::npos);
    CHECK(world.list(directory.path()) == std::vector<std::string>{"thesis.txt"});
}

TEST_CASE("volume: what the server puts there before is no obstacle", "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    REQUIRE(world.vfs->make_directories(directory.file("lost+found")));
    world.write(directory.file("keyring"), "k");
    world.write(directory.file("keyring.new-0123"), "k");
    world.write(directory.file("root-credentials"), "r");
    world.write(directory.file("root-account"), "r");
    world.must_open(directory.path());
}

TEST_CASE("volume: an interrupted creation is begun again, a lost format file is not",
          "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    {
        const auto volume = world.open(directory.path());
        REQUIRE(volume);
        CHECK((*volume)->is_new());
        world.write(directory.file("index/CURRENT"), "");
    }
    {
        const auto volume = world.open(directory.path());
        REQUIRE(volume);
        CHECK((*volume)->is_new());
        REQUIRE((*volume)->finish_creation());
    }
    // A creation that ended between its last two steps leaves its marker.
    world.write(directory.file("creating"), "");
    world.must_open(directory.path());
    REQUIRE(world.vfs->unlink(directory.file("format")));
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::foreign_format);
}

TEST_CASE("volume: a damaged format file is refused", "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    world.must_open(directory.path());
    const auto good = encode_format(an_id());
    for (const std::size_t at : {std::size_t{20}, std::size_t{39}}) {
        auto bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 1);
        world.write(directory.file("format"), bad);
        CHECK(world.refusal(directory.path()).kind == OpenError::Kind::damaged);
    }
    world.write(directory.file("format"), good.substr(0, 30));
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::damaged);
    world.write(directory.file("format"), "something else entirely, and long enough");
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::foreign_format);
    world.write(directory.file("format"), std::string(5000, 'x'));
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::foreign_format);
}

TEST_CASE("volume: a later format version is refused and nothing is touched", "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    auto later = encode_format(an_id());
    later[16] = 3;
    world.write(directory.file("format"), later + "with more fields");
    const auto error = world.refusal(directory.path());
    CHECK(error.kind == OpenError::Kind::foreign_format);
    CHECK(error.message.find("version 3") != std::string::npos);
    CHECK(world.list(directory.path()) == std::vector<std::string>{"format"});
}

TEST_CASE("volume: a damaged or missing incarnation file is damage", "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    world.must_open(directory.path());
    auto bad = encode_incarnation(Incarnation{3, true, 258, {base::WallTime()}});
    for (std::size_t i = 0; i < bad.size(); ++i) {
        auto changed = bad;
        changed[i] = static_cast<char>(changed[i] ^ 0x80);
        CHECK_FALSE(parse_incarnation(base::as_bytes(changed)));
    }
    // Whole, and of another number of starts than it says.
    for (const std::uint32_t count : {0U, 2U, ~0U}) {
        base::Bytes changed(bad.begin(), bad.end());
        base::store_le32(base::ByteSpan(changed).subspan(28), count);
        seal(changed);
        CHECK_FALSE(parse_incarnation(changed));
    }
    world.write(directory.file("incarnation"), bad.substr(1));
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::damaged);
    REQUIRE(world.vfs->unlink(directory.file("incarnation")));
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::damaged);
}

TEST_CASE("volume: a read-only file system is told apart from a broken one", "[local][volume]") {
    CHECK(to_open_error(base::IoError{EROFS, "open", "x"}).kind == OpenError::Kind::read_only);
    CHECK(to_open_error(base::IoError{EIO, "open", "x"}).kind == OpenError::Kind::io);
    CHECK(to_open_error(base::IoError{EIO, "open", "x"}).message == "open x: Input/output error");
}

TEST_CASE("volume: the last unclean starts are kept, and a clean stop forgets them",
          "[local][volume][crash]") {
    Incarnation incarnation{3, false, 0};
    for (std::size_t i = 0; i < unclean_starts_max + 3; ++i)
        incarnation.unclean_starts.emplace_back(std::chrono::milliseconds(i));
    const auto back = parse_incarnation(base::as_bytes(encode_incarnation(incarnation)));
    REQUIRE(back);
    REQUIRE(back->unclean_starts.size() == unclean_starts_max);
    CHECK(back->unclean_starts.front().time_since_epoch().count() == 3);

    TemporaryDirectory directory;
    VolumeWorld world;
    const base::WallTime now{std::chrono::hours(1)};
    world.must_open(directory.path());
    for (std::size_t i = 1; i <= 3; ++i) {
        const auto volume = *world.open(directory.path());
        CHECK(volume->previous().unclean_starts.size() == i - 1);
        REQUIRE(volume->start_incarnation(now));
        if (i == 3) REQUIRE(volume->mark_clean(7));
    }
    const auto volume = *world.open(directory.path());
    CHECK(volume->previous().clean);
    CHECK(volume->previous().unclean_starts.empty());
}

TEST_CASE(
    "volume: 3 a crash loop is five unclean starts within the window, whatever the clock does",
    "[local][volume][crash]") {
    using namespace std::chrono_literals;
    const base::WallTime now{24h};
    const auto after = [&](std::vector<base::WallTime> starts, bool clean = false) {
        return is_crash_loop(Incarnation{9, clean, 0, std::move(starts)}, now, 5, 60s);
    };
    CHECK(after({now - 40s, now - 30s, now - 20s, now - 10s}));
    CHECK(after({now, now, now, now}));
    CHECK(after({now - 23h, now - 40s, now - 30s, now - 20s, now - 10s}));
    CHECK_FALSE(after({now - 30s, now - 20s, now - 10s}));
    CHECK_FALSE(after({now - 60s, now - 30s, now - 20s, now - 10s}));
    CHECK_FALSE(after({now - 40s, now - 30s, now - 20s, now - 10s}, true));
    // The clock went back since: what seems to come is not counted.
    CHECK_FALSE(after({now + 1h, now + 1h, now - 2s, now - 1s}));
    CHECK_FALSE(is_crash_loop(Incarnation{0, false, 0, {now, now, now, now}}, now, 5, 60s));
}

TEST_CASE("volume: 2.5 a reader needs no lock where the file system gives none, a writer does",
          "[local][volume][fault]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    world.must_open(directory.path());
    base::FaultyVfs read_only(*world.vfs);
    read_only.fail({"lock", "", 1, EROFS, true});
    const auto refused = Volume::open(directory.path(), read_only, world.random);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == OpenError::Kind::read_only);
    CHECK(Volume::open(directory.path(), read_only, world.random, Volume::Access::read));
    // By choice on a file system that can be written: nobody else may write meanwhile.
    const auto reader =
        Volume::open(directory.path(), *world.vfs, world.random, Volume::Access::read);
    REQUIRE(reader);
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::in_use);
}

TEST_CASE("volume: for reading nothing is created", "[local][volume]") {
    TemporaryDirectory directory;
    VolumeWorld world;
    const auto refused =
        Volume::open(directory.file("none"), *world.vfs, world.random, Volume::Access::read);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == OpenError::Kind::foreign_format);
    CHECK(directory.entries() == 0);
}
