// Files that have no checksum as a whole: the volume's marks, the index' log and lists, notes.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "tests/component/workers/disk_catalog.h"

using namespace holdfast;
using namespace holdfast::test;
using base::KiB;
using storage::Damage;

namespace {

std::vector<std::string> damaged_files(DiskCatalog& disk) {
    std::vector<std::string> names;
    for (const auto& damage : disk.upkeep().damage().all()) {
        CHECK(damage.kind == Damage::Kind::file);
        names.push_back(damage.file);
    }
    return names;
}

using Names = std::vector<std::string>;

/// The only one whose name begins so.
std::string other_file(DiskCatalog& disk, const std::string& begin, const std::string& end = "") {
    const auto names = disk.run(disk.upkeep().other_files());
    REQUIRE(names);
    for (const auto& name : *names)
        if (name.starts_with(begin) && name.ends_with(end)) return name;
    FAIL("no file " << begin << end);
    return {};
}

}  // namespace

TEST_CASE("scrub: each file without a checksum is read, and found damaged where it is, P11",
          "[workers][scrub]") {
    DiskCatalog disk;
    for (int i = 0; i < 20; ++i) disk.put("inline" + std::to_string(i), 4000);
    disk.scrub();
    CHECK(damaged_files(disk).empty());
    std::string name;
    std::uint64_t offset = 20;
    SECTION("format") {
        name = "format";
    }
    SECTION("incarnation") {
        name = "incarnation";
    }
    SECTION("a slot of the high water") {
        name = "highwater";
        offset = 4096 + 10;
    }
    SECTION("CURRENT") {
        name = "index/CURRENT";
        offset = 3;
    }
    SECTION("the manifest") {
        name = other_file(disk, "index/MANIFEST-");
    }
    SECTION("the log") {
        name = other_file(disk, "index/", ".log");
        offset = 50'000;
    }
    SECTION("the scrub's own state") {
        name = "scrub-state";
    }
    const auto path = disk.data() + "/" + name;
    disk.damage_file(path, offset);
    disk.scrub();
    if (name == "scrub-state") {
        CHECK(damaged_files(disk) == Names{name});  // and the pass has written it anew
        disk.scrub();
    } else {
        CHECK(damaged_files(disk) == Names{name});
        disk.damage_file(path, offset);
        disk.scrub();
    }
    CHECK(damaged_files(disk).empty());
}

TEST_CASE("scrub: a log that ends in the middle of a record is being written, no damage",
          "[workers][scrub]") {
    DiskCatalog disk;
    for (int i = 0; i < 20; ++i) disk.put("inline" + std::to_string(i), 4000);
    const auto path = disk.data() + "/" + other_file(disk, "index/", ".log");
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1000);
    disk.scrub();
    CHECK(damaged_files(disk).empty());
}

TEST_CASE("scrub: a damaged file of the index that is gone leaves the list", "[workers][scrub]") {
    DiskCatalog disk;
    Damage damage;
    damage.kind = Damage::Kind::file;
    damage.file = "000001.sst";
    damage.what = "told by the test";
    disk.upkeep().damage().note(std::move(damage));
    disk.scrub();
    CHECK(damaged_files(disk).empty());
}
