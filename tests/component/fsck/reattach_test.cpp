// `holdfast fsck --rebuild` where the index opens and commits that were acknowledged are missing.

#include "base/failpoint.h"
#include "storage/catalog/completion_blob.h"
#include "storage/catalog/row_keys.h"
#include "storage/local/index_rebuild.h"
#include "storage/local/reattach_note.h"
#include "storage/local/segment_format.h"
#include "tests/component/fsck/fsck_world.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::size_t large = 300'000;

/// A frame of the blob of `key`, behind the header of its extent.
storage::Extent place_of(DiskCatalog& disk, const std::string& key) {
    return disk.blob_of(key).extents[0];
}

void write_zeros(DiskCatalog& disk, const storage::Extent& extent) {
    auto file = disk.posix->open(disk.segment_path(extent.segment), base::OpenMode::read_write);
    REQUIRE(file);
    const base::Bytes page(4096);
    REQUIRE((*file)->pwrite(extent.offset + 4096, page));
}

}  // namespace

TEST_CASE("fsck: 2.6 a Complete in the last run over parts of an earlier one is put back",
          "[fsck][component]") {
    DiskCatalog disk;
    const auto upload = disk.start_upload("whole");
    disk.put_part(upload, 1, large);
    begin_a_run(disk);
    disk.put_part(upload, 2, large);
    disk.complete(upload);
    const auto content = disk.get("whole");
    disk.kill_and_restart([&] {
        lose_the_log(disk.data());
        const auto outcome = rebuild(disk.data());
        CHECK(outcome.problems().empty());
        CHECK(outcome.count("objects put back") == 1);
    });
    CHECK(disk.get("whole") == content);
}

TEST_CASE("fsck: P11 a damaged blob does not take the place of an object that the index has",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("a", large);
    const auto old = disk.blob_of("a");
    begin_a_run(disk);
    disk.put("a", large + 1);
    disk.put("new", large);
    const auto of_a = place_of(disk, "a");
    const auto of_new = place_of(disk, "new");
    disk.kill_and_restart([&] {
        lose_the_log(disk.data());
        disk.damage(of_a.segment, of_a.offset + 1000);
        disk.damage(of_new.segment, of_new.offset + 1000);
        const auto problems = rebuild(disk.data()).problems();
        REQUIRE(problems.size() == 2);
        CHECK(problems[0].find("photos/a: a later blob of it is not whole") == 0);
        CHECK(problems[1].find("photos/new: it is damaged: 1 damaged frames") == 0);
    });
    CHECK(disk.blob_of("a").id == old.id);
    CHECK(disk.get("a") == text_of("a", large));
    // What the index had nothing for is there, and reading it says what is wrong.
    const auto read = disk.run(disk.read("new"));
    REQUIRE_FALSE(read);
    CHECK(read.error().storage.kind == storage::StorageError::Kind::corrupt);
}

TEST_CASE("fsck: P5 what the disk never got whole gives way to the blob before it",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("a", large);
    begin_a_run(disk);
    disk.put("a", large + 1);
    disk.put("a", large + 2);
    const auto latest = place_of(disk, "a");
    disk.kill_and_restart([&] {
        lose_the_log(disk.data());
        write_zeros(disk, latest);
        const auto outcome = rebuild(disk.data());
        CHECK(outcome.problems().size() == 1);
        CHECK(outcome.count("objects put back") == 1);
    });
    CHECK(disk.get("a") == text_of("a", large + 1));
}

TEST_CASE("fsck: 2.7.2 what is replaced goes into the quarantine, it is not given back at once",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("a", large);
    const auto old = disk.blob_of("a");
    begin_a_run(disk);
    disk.put("a", large + 1);
    disk.kill_and_restart([&] {
        lose_the_log(disk.data());
        CHECK(rebuild(disk.data()).count("objects put back") == 1);
    });
    CHECK(disk.get("a") == text_of("a", large + 1));
    check_is_quarantined(disk, old);
}

TEST_CASE("fsck: 2.6 a rebuild that is interrupted after every step is known, and ends later",
          "[fsck][component]") {
    DiskCatalog disk;
    begin_a_run(disk);
    const std::vector<std::string> keys{"a", "b", "c", "d", "e"};
    for (const auto& key : keys) disk.put(key, large);
    // The second write of each run fails, so that each puts one object back.
    disk.kill_and_restart([&] {
        lose_the_log(disk.data());
        std::uint64_t interrupted = 0;
        for (;; ++interrupted) {
            REQUIRE(interrupted < keys.size());
            REQUIRE(base::set_failpoints("commit.wal.before=eio@2"));
            const auto outcome = fsck(disk.data(), server::fsck_rebuild);
            base::set_failpoints("");
            if (outcome.failure.empty()) break;
            const auto note = storage::local::read_reattach_note(*disk.posix, disk.data());
            REQUIRE(note);
            CHECK(note->has_value());
            // As the server would start: it only reads.
            const auto checked = fsck(disk.data(), [](server::FsckVolume& volume) {
                auto engine = volume.open(server::FsckVolume::Opening::as_a_start);
                REQUIRE(engine);
                CHECK((*engine)->condition().cause ==
                      storage::EngineCondition::Cause::missing_commits);
                return server::Result<void>{};
            });
            CHECK(checked.failure.empty());
        }
        CHECK(interrupted == keys.size() - 1);
        CHECK_FALSE(std::filesystem::exists(disk.data() + "/reattach-pending"));
    });
    for (const auto& key : keys) CHECK(disk.get(key) == text_of(key, large));
}

TEST_CASE("fsck: a bucket that was made again under another id is told, the others are put back",
          "[fsck][component]") {
    DiskCatalog disk;
    begin_a_run(disk);
    auto write = [&]() -> storage::Async<storage::BlobRef> {
        storage::BlobOptions options;
        options.id[0] = 1;
        options.frame_bytes = 65'552;
        auto writer = co_await disk.store().blobs.create(options);
        if (!writer) co_return std::move(writer).error();
        const base::Bytes frame(116, 0x5a);
        auto written = co_await (*writer)->append(frame);
        if (!written) co_return std::move(written).error();
        records::Object record;
        record.set_size(100);
        storage::BlobIdentity identity;
        identity.partition = catalog::bucket_partition("ffffffffffffffff");
        identity.row_key = catalog::object_row("theirs");
        identity.bucket = "photos";
        identity.record = record.SerializeAsString();
        co_return co_await (*writer)->finish(identity);
    };
    REQUIRE(disk.run(write()));
    disk.put("ours", large);
    disk.kill_and_restart([&] {
        lose_the_log(disk.data());
        const auto outcome = rebuild(disk.data());
        CHECK(outcome.count("objects put back") == 1);
        REQUIRE(outcome.problems().size() == 1);
        CHECK(outcome.problems()[0].find("bucket photos: there is another one of that name") == 0);
    });
    CHECK(disk.get("ours") == text_of("ours", large));
}

TEST_CASE("fsck: P3 a Complete without an answer does not undo the Abort that came behind it",
          "[fsck][component]") {
    DiskCatalog disk;
    begin_a_run(disk);
    const auto upload = disk.start_upload("whole");
    disk.put_part(upload, 1, large);
    const auto partition = catalog::bucket_partition(upload.bucket_id);
    auto complete_without_commit = [&]() -> storage::Async<records::Body> {
        std::vector<storage::RowKey> keys;
        keys.push_back(
            {storage::RowFamily::index, catalog::part_row(upload.key, upload.upload_id, 1)});
        auto rows = co_await disk.store().metadata.get(partition, std::move(keys));
        if (!rows) co_return std::move(rows).error();
        auto part = catalog::parse_record<records::Part>(*rows->front());
        if (!part) co_return std::move(part).error();
        records::Completion completion;
        auto& object = *completion.mutable_object();
        object.set_manifest_id(upload.upload_id);
        object.set_size(large);
        auto& place = *object.add_manifest();
        place.set_first_part_number(1);
        place.set_parts(1);
        auto& manifest = *completion.add_manifests();
        manifest.set_manifest_id(upload.upload_id);
        auto& listed = *manifest.add_parts();
        listed.set_number(1);
        listed.mutable_body()->set_plain_bytes(large);
        listed.mutable_body()->set_id(part->body().id());
        co_return co_await catalog::write_completion(disk.store(), "photos", partition,
                                                     catalog::object_row(upload.key), completion);
    };
    REQUIRE(disk.run(complete_without_commit()));
    catalog::Objects objects(disk.store());
    catalog::Uploads uploads(disk.store(), objects);
    REQUIRE(disk.run(uploads.abort(upload)));
    const auto log = newest_log(disk.data());
    const auto kept_bytes = std::filesystem::file_size(log);
    disk.put("lost", 100);
    disk.kill_and_restart([&] {
        std::filesystem::resize_file(log, kept_bytes);
        const auto outcome = rebuild(disk.data());
        CHECK(outcome.problems().empty());
        CHECK(outcome.count("objects put back") == 0);
    });
    CHECK_FALSE(disk.run(disk.read("whole")));
}

TEST_CASE("fsck: a row whose blob was moved by a commit that is missing finds it again",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("a", large);
    disk.put_multipart("whole", large);
    const auto content = disk.get("whole");
    const std::vector<storage::BlobRef> old{disk.blob_of("a"), disk.blob_of("whole")};
    begin_a_run(disk);
    auto move = [&](const storage::BlobRef& blob) -> storage::Async<storage::BlobRef> {
        auto reader = co_await disk.store().blobs.open(blob);
        if (!reader) co_return std::move(reader).error();
        auto check = co_await disk.upkeep().check(blob, 0);
        if (!check) co_return std::move(check).error();
        storage::BlobOptions options;
        options.id = blob.id;
        options.frame_bytes = blob.frame_bytes;
        auto writer = co_await disk.store().blobs.create(options);
        if (!writer) co_return std::move(writer).error();
        const auto frames = (blob.stored_bytes + blob.frame_bytes - 1) / blob.frame_bytes;
        base::Bytes bytes(frames * blob.frame_bytes);
        auto got = co_await (*reader)->read(0, frames, bytes);
        if (!got) co_return std::move(got).error();
        bytes.resize(*got);
        auto written = co_await (*writer)->append(bytes);
        if (!written) co_return std::move(written).error();
        co_return co_await (*writer)->finish(*check->identity);
    };
    for (const auto& blob : old) REQUIRE(disk.run(move(blob)));
    disk.put("lost", 100);
    disk.kill_and_restart([&] {
        lose_the_log(disk.data());
        for (const auto& blob : old) {
            const auto& extent = blob.extents[0];
            auto file =
                disk.posix->open(disk.segment_path(extent.segment), base::OpenMode::read_write);
            REQUIRE(file);
            REQUIRE((*file)->punch_hole(extent.offset, extent.length));
        }
        const auto outcome = rebuild(disk.data());
        CHECK(outcome.problems().empty());
        CHECK(outcome.count("moved blobs found again") == 2);
        CHECK(outcome.count("objects put back") == 0);
    });
    CHECK(disk.get("a") == text_of("a", large));
    CHECK(disk.get("whole") == content);
}

TEST_CASE("fsck: 2.6 a blob may wait long for its sync before its commit", "[fsck][component]") {
    DiskCatalog disk;
    begin_a_run(disk);
    disk.put("a", large);
    const auto [commits, count] =
        GENERATE(std::make_pair(500'000, 1), std::make_pair(5'000'000, 0));
    disk.kill_and_restart([&, commits = commits, count = count] {
        lose_the_log(disk.data());
        const storage::local::ReattachNote note{static_cast<storage::RowVersion>(commits), 1};
        REQUIRE(storage::local::write_reattach_note(*disk.posix, disk.data(), note));
        CHECK(rebuild(disk.data()).count("objects put back") == static_cast<std::uint64_t>(count));
    });
}

TEST_CASE("fsck: --accept-loss also ends a rebuild that was interrupted", "[fsck][component]") {
    DiskCatalog disk;
    begin_a_run(disk);
    for (const std::string key : {"a", "b"}) disk.put(key, large);
    disk.kill_and_restart([&] {
        begin_putting_back(disk.data());
        CHECK(fsck(disk.data(), server::fsck_accept_loss).failure.empty());
        CHECK_FALSE(std::filesystem::exists(disk.data() + "/reattach-pending"));
    });
    CHECK(disk.get("a") == text_of("a", large));
    disk.put("b", 100);
}

TEST_CASE("fsck: 2.6 a note of objects to put back that cannot be read stops the writes alone",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("large", large);
    disk.kill_and_restart([&] {
        REQUIRE(storage::local::write_reattach_note(*disk.posix, disk.data(), {1, 1}));
        disk.vfs.fail({"pread", "/reattach-pending", 1, EIO, true});
    });
    disk.vfs.heal();
    CHECK(disk.upkeep().condition().cause == storage::EngineCondition::Cause::missing_commits);
    CHECK_THAT(disk.upkeep().condition().reason, Catch::Contains("reattach-pending"));
    CHECK(disk.get("large") == text_of("large", large));
}
