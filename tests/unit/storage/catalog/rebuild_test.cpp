#include "storage/catalog/rebuild.h"

#include <map>

#include "storage/catalog/completion_blob.h"
#include "storage/crypto/frames.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::catalog;

namespace {

const Partition photos = bucket_partition("0123456789abcdef");

BlobInSegments a_blob(BlobKind kind, std::uint8_t number, std::uint64_t plain_bytes) {
    BlobInSegments blob;
    blob.kind = kind;
    blob.ref.id[0] = number;
    blob.ref.frame_bytes = crypto::frame_stored_bytes;
    blob.ref.stored_bytes = crypto::stored_bytes(plain_bytes);
    blob.ref.extents = {{1, number * std::uint64_t{1} << 20, 4096}};
    blob.identity.partition = photos;
    blob.identity.bucket = "photos";
    return blob;
}

BlobInSegments an_object(std::uint8_t number, const std::string& key, std::uint64_t bytes) {
    auto blob = a_blob(BlobKind::object, number, bytes);
    records::Object record;
    record.set_size(bytes);
    record.set_etag("etag-" + std::to_string(number));
    blob.identity.row_key = object_row(key);
    blob.identity.record = record.SerializeAsString();
    return blob;
}

records::Completion a_completion(std::vector<std::pair<std::uint8_t, std::uint64_t>> parts) {
    records::Completion completion;
    auto& object = *completion.mutable_object();
    object.set_manifest_id("upload");
    object.set_etag("whole-2");
    auto& chunk = *object.add_manifest();
    auto& manifest = *completion.add_manifests();
    manifest.set_manifest_id("upload");
    for (const auto& [id, bytes] : parts) {
        auto& part = *manifest.add_parts();
        part.set_number(id);
        part.mutable_body()->set_plain_bytes(bytes);
        part.mutable_body()->set_id(std::string(1, static_cast<char>(id)) + std::string(15, '\0'));
        object.set_size(object.size() + bytes);
    }
    chunk.set_first_part_number(manifest.parts(0).number());
    chunk.set_parts(static_cast<std::uint32_t>(manifest.parts_size()));
    return completion;
}

struct Rebuilt {
    std::map<std::pair<Partition, std::string>, std::string> index;
    std::map<std::pair<Partition, std::string>, std::string> bodies;
    std::map<BlobId, std::string> contents;
    std::map<std::uint64_t, BlobLook>
        looks;  ///< by the place of the first extent; others are whole

    RebuildReport run(const std::vector<BlobInSegments>& blobs) {
        RebuildOptions options;
        options.owner = "owner";
        options.look = [this](const BlobRef& ref) { return looks[ref.extents[0].offset]; };
        options.read = [this](const BlobRef& ref) { return contents[ref.id]; };
        options.put = [this](const Partition& partition, const RowKey& key,
                             const std::string& value) {
            auto& rows = key.family == RowFamily::index ? index : bodies;
            CHECK(rows.emplace(std::make_pair(partition, key.key), value).second);
            return Result<void>{};
        };
        auto report = rebuild_rows(blobs, options);
        REQUIRE(report);
        return *std::move(report);
    }
    records::Object object(const std::string& key) {
        records::Object object;
        REQUIRE(index.count({photos, object_row(key)}) == 1);
        REQUIRE(object.ParseFromString(index[{photos, object_row(key)}]));
        return object;
    }
};

}  // namespace

TEST_CASE("rebuild: every whole object blob is an object of its bucket again (2.2.4)",
          "[catalog][rebuild]") {
    Rebuilt rebuilt;
    const auto report = rebuilt.run({an_object(1, "a", 70'000), an_object(2, "b", 20'000)});
    CHECK(report.buckets == 1);
    CHECK(report.objects == 2);
    CHECK(report.problems.empty());
    records::Bucket bucket;
    REQUIRE(bucket.ParseFromString(rebuilt.index[{system_partition, bucket_row("photos")}]));
    CHECK(bucket.id() == "0123456789abcdef");
    CHECK(bucket.owner() == "owner");
    CHECK(rebuilt.index.count({photos, "B"}) == 1);
    const auto object = rebuilt.object("a");
    CHECK(object.body().plain_bytes() == 70'000);
    CHECK(object.body().blob().extents(0).offset() == 1 << 20);
    CHECK(object.etag() == "etag-1");
}

TEST_CASE("rebuild: 2.7.2 of several blobs of one key the latest counts, no row names the others",
          "[catalog][rebuild]") {
    Rebuilt rebuilt;
    const auto report = rebuilt.run({an_object(3, "a", 30'000), an_object(1, "a", 40'000)});
    CHECK(report.objects == 1);
    CHECK(report.replaced == 1);
    CHECK(rebuilt.object("a").etag() == "etag-3");
    // The bucket's two rows and the object's: a garbage row would have it punched at once.
    CHECK(rebuilt.index.size() == 3);
}

TEST_CASE("rebuild: P8, 2.5 a latest blob that is damaged is the object all the same, and is told",
          "[catalog][rebuild]") {
    Rebuilt rebuilt;
    rebuilt.looks[3 << 20] = {BlobLook::State::damaged, "1 damaged frames"};
    const auto report = rebuilt.run({an_object(3, "a", 30'000), an_object(1, "a", 40'000)});
    CHECK(report.objects == 1);
    CHECK(report.replaced == 1);
    CHECK(rebuilt.object("a").etag() == "etag-3");
    CHECK(rebuilt.index.size() == 3);
    CHECK(report.problems ==
          std::vector<std::string>{"photos/a: it is damaged: 1 damaged frames; 1 older blobs of it "
                                   "are kept for gc.quarantine"});
}

TEST_CASE("rebuild: P5 a blob that the disk never got whole gives way to the one before it",
          "[catalog][rebuild]") {
    Rebuilt rebuilt;
    rebuilt.looks[3 << 20] = {BlobLook::State::never_written, "zeros"};
    SECTION("there is one") {
        const auto report = rebuilt.run({an_object(3, "a", 30'000), an_object(1, "a", 40'000)});
        CHECK(report.objects == 1);
        CHECK(report.replaced == 0);
        CHECK(rebuilt.object("a").etag() == "etag-1");
        REQUIRE(report.problems.size() == 1);
        CHECK(report.problems[0] ==
              "photos/a: a blob of it was never written to its end and is left out: zeros");
    }
    SECTION("there is none") {
        const auto report = rebuilt.run({an_object(3, "a", 30'000)});
        CHECK(report.objects == 0);
        CHECK(report.problems.size() == 1);
        CHECK(rebuilt.index.count({photos, object_row("a")}) == 0);
    }
}

TEST_CASE("rebuild: of two copies of one blob the whole one counts", "[catalog][rebuild]") {
    Rebuilt rebuilt;
    auto moved = an_object(3, "a", 30'000);
    moved.ref.extents[0].offset = 7 << 20;
    rebuilt.looks[7 << 20] = {BlobLook::State::damaged, "1 damaged frames"};
    const auto report = rebuilt.run({moved, an_object(3, "a", 30'000), an_object(1, "a", 40'000)});
    CHECK(report.objects == 1);
    CHECK(report.replaced == 1);
    CHECK(report.problems.empty());
    CHECK(rebuilt.object("a").body().blob().extents(0).offset() == 3 << 20);
}

TEST_CASE("rebuild: a latest blob that cannot be restored is told, no older one takes its place",
          "[catalog][rebuild]") {
    Rebuilt rebuilt;
    auto broken = an_object(3, "a\n", 30'000);
    broken.ref.stored_bytes += 1;
    const auto report = rebuilt.run({broken, an_object(1, "a\n", 40'000)});
    CHECK(report.objects == 0);
    CHECK(report.replaced == 1);
    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0] ==
          "photos/a\\x0a: its record says another size than its blob; 1 older blobs of it are kept "
          "for gc.quarantine");
}

TEST_CASE("rebuild: a completion with all of its parts is a multipart object again",
          "[catalog][rebuild]") {
    Rebuilt rebuilt;
    auto completion = a_blob(BlobKind::completion, 9, 0);
    completion.identity.row_key = object_row("whole");
    rebuilt.contents[completion.ref.id] = a_completion({{1, 80'000}, {2, 5}}).SerializeAsString();
    std::vector<BlobInSegments> blobs{completion, a_blob(BlobKind::part, 1, 80'000),
                                      a_blob(BlobKind::part, 2, 5), a_blob(BlobKind::part, 4, 100)};
    SECTION("all are there") {
        const auto report = rebuilt.run(blobs);
        CHECK(report.multipart_objects == 1);
        CHECK(report.unused_parts == 1);
        CHECK(report.problems.empty());
        const auto object = rebuilt.object("whole");
        CHECK(object.size() == 80'005);
        CHECK(object.completion().has_blob());
        CHECK_FALSE(object.has_body());
        records::Manifest manifest;
        REQUIRE(manifest.ParseFromString(rebuilt.bodies[{photos, manifest_row("whole", 0)}]));
        CHECK(manifest.parts(1).body().blob().extents(0).offset() == 2 << 20);
    }
    SECTION("one is damaged") {
        rebuilt.looks[2 << 20] = {BlobLook::State::never_written, "zeros"};
        const auto report = rebuilt.run(blobs);
        CHECK(report.multipart_objects == 1);
        CHECK(report.problems ==
              std::vector<std::string>{"photos/whole: part 2 is damaged: zeros"});
        CHECK(rebuilt.object("whole").size() == 80'005);
    }
    SECTION("one is damaged and was moved") {
        rebuilt.looks[2 << 20] = {BlobLook::State::damaged, "1 damaged frames"};
        auto copy = a_blob(BlobKind::part, 2, 5);
        copy.ref.extents[0].offset = 7 << 20;
        blobs.push_back(copy);
        CHECK(rebuilt.run(blobs).problems.empty());
        records::Manifest manifest;
        REQUIRE(manifest.ParseFromString(rebuilt.bodies[{photos, manifest_row("whole", 0)}]));
        CHECK(manifest.parts(1).body().blob().extents(0).offset() == 7 << 20);
    }
    SECTION("one is missing") {
        blobs.erase(blobs.begin() + 2);
        const auto report = rebuilt.run(blobs);
        CHECK(report.objects == 0);
        CHECK(report.problems ==
              std::vector<std::string>{"photos/whole: part 2 is not in the segments"});
    }
    SECTION("what was decided is damaged") {
        rebuilt.contents[completion.ref.id].clear();
        CHECK(rebuilt.run(blobs).problems.size() == 1);
        CHECK(rebuilt.bodies.empty());
    }
    SECTION("what was decided was never written whole: the object before it counts") {
        rebuilt.looks[9 << 20] = {BlobLook::State::never_written, "zeros"};
        blobs.push_back(an_object(5, "whole", 30'000));
        const auto report = rebuilt.run(blobs);
        CHECK(report.problems.size() == 1);
        CHECK(rebuilt.object("whole").etag() == "etag-5");
    }
}

TEST_CASE("rebuild: of two buckets of one name the one that was written to last has it",
          "[catalog][rebuild]") {
    Rebuilt rebuilt;
    auto earlier = an_object(1, "old", 30'000);
    earlier.identity.partition = bucket_partition("ffffffffffffffff");
    const auto report = rebuilt.run({an_object(2, "new", 30'000), earlier});
    CHECK(report.buckets == 1);
    CHECK(report.objects == 1);
    CHECK(report.problems.size() == 1);
}

TEST_CASE("completion: what contradicts itself is refused", "[catalog][rebuild]") {
    const auto good = a_completion({{1, 80'000}, {2, 5}});
    REQUIRE(parse_completion(good.SerializeAsString()));
    auto bad = good;
    bad.mutable_object()->set_size(80'004);
    CHECK_FALSE(parse_completion(bad.SerializeAsString()));
    bad = good;
    bad.mutable_manifests(0)->mutable_parts(1)->set_number(1);
    CHECK_FALSE(parse_completion(bad.SerializeAsString()));
    bad = good;
    bad.mutable_manifests(0)->set_manifest_id("another");
    CHECK_FALSE(parse_completion(bad.SerializeAsString()));
    bad = good;
    bad.mutable_object()->mutable_manifest(0)->set_parts(3);
    CHECK_FALSE(parse_completion(bad.SerializeAsString()));
    bad = good;
    bad.mutable_manifests(0)->mutable_parts(0)->mutable_body()->set_id("short");
    CHECK_FALSE(parse_completion(bad.SerializeAsString()));
    CHECK_FALSE(parse_completion(""));
}
