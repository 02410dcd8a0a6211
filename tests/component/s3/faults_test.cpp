// Stores that fail at every point: the right code, nothing half done, nothing leaked. Spec
// durability P1, P5, P10 and multipart ORD-12, UP-09, CPL-37.

#include <functional>

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

using Kind = StorageError::Kind;

const std::string large(200'000, 'L');

/// What every case begins with.
struct World : MemoryEndpoint {
    World() {
        REQUIRE(put("/photos/small", "small").status == 200);
        REQUIRE(put("/photos/large", large).status == 200);
        REQUIRE(put("/empty").status == 200);
        upload = start_upload("/photos/k");
        etag = put_part("/photos/k", upload, 1, large);
        collect_garbage();
    }
    std::string upload;
    std::string etag;
};

struct Write {
    const char* name;
    std::function<Request(const World&)> request;
};

const Write writes[] = {
    {"PutObject inline", [](const World&) { return Request("PUT", "/photos/small").body("new"); }},
    {"PutObject in a blob",
     [](const World&) { return Request("PUT", "/photos/large").body(large + "2"); }},
    {"CopyObject",
     [](const World&) {
         return Request("PUT", "/photos/small").header("x-amz-copy-source", "/photos/large");
     }},
    {"DeleteObject", [](const World&) { return Request("DELETE", "/photos/large"); }},
    {"DeleteObjects",
     [](const World&) {
         const std::string document =
             "<Delete><Object><Key>small</Key></Object><Object><Key>large</Key></Object></Delete>";
         return Request("POST", "/photos?delete")
             .header("Content-MD5", base64_md5(document))
             .body(document);
     }},
    {"CreateMultipartUpload", [](const World&) { return Request("POST", "/photos/k?uploads"); }},
    {"UploadPart",
     [](const World& world) {
         return Request("PUT", "/photos/k?partNumber=1&uploadId=" + world.upload).body(large + "3");
     }},
    {"UploadPartCopy",
     [](const World& world) {
         return Request("PUT", "/photos/k?partNumber=2&uploadId=" + world.upload)
             .header("x-amz-copy-source", "/photos/large");
     }},
    {"CompleteMultipartUpload",
     [](const World& world) {
         return Request("POST", "/photos/k?uploadId=" + world.upload)
             .body(part_list({{1, world.etag}}));
     }},
    {"AbortMultipartUpload",
     [](const World& world) { return Request("DELETE", "/photos/k?uploadId=" + world.upload); }},
};

struct Failure {
    Kind kind;
    const char* outcome;
};
const Failure failures[] = {
    {Kind::out_of_space, "507 InsufficientStorage"},
    {Kind::io, "500 InternalError"},
    {Kind::unavailable, "503 SlowDown"},
    {Kind::read_only, "503 ServiceUnavailable"},
    {Kind::corrupt, "500 InternalError"},
};

/// The commit with this number fails, the others do not.
void fail_commit(MemoryEndpoint& endpoint, int number, Kind kind) {
    endpoint.rows.failure = kind;
    endpoint.rows.fails = [number, at = 0](const storage::Transaction&) mutable {
        return ++at == number;
    };
}

}  // namespace

TEST_CASE("Writes: a commit that fails is answered with its cause and leaves everything as it was",
          "[s3][faults]") {
    for (const auto& write : writes) {
        for (const auto& failure : failures) {
            INFO(write.name << ": " << failure.outcome);
            World world;
            const auto before = world.state();
            fail_commit(world, 1, failure.kind);
            const auto failed = world.send(write.request(world));
            CHECK(failed.outcome() == failure.outcome);
            if (failure.kind == Kind::unavailable) CHECK(failed.header("Retry-After") == "1");
            CHECK(failed.body.find("made to fail") == std::string::npos);  // the cause is logged
            world.rows.fails = nullptr;
            CHECK(world.collect_garbage() == 0);
            CHECK(world.state() == before);
            CHECK(world.get("/photos/large").body == large);
            // And the same request succeeds afterwards.
            CHECK(world.send(write.request(world)).status < 300);
        }
    }
}

TEST_CASE("Writes: a conflict of the engine is tried again; only an endless one is told",
          "[s3][faults]") {
    for (const auto& write : writes) {
        INFO(write.name);
        World world;
        fail_commit(world, 1, Kind::conflict);
        CHECK(world.send(write.request(world)).status < 300);
        World endless;
        const auto before = endless.state();
        endless.rows.failure = Kind::conflict;
        endless.rows.fails = [](const storage::Transaction&) { return true; };
        const auto refused = endless.send(write.request(endless));
        INFO(refused.body);
        CHECK(refused.outcome() == "503 SlowDown");
        endless.rows.fails = nullptr;
        CHECK(endless.state() == before);
    }
}

TEST_CASE("Writes: a commit in doubt never gives bytes back that a row may name (P5)",
          "[s3][faults]") {
    for (const bool applied : {false, true}) {
        for (const auto& write : writes) {
            INFO(write.name << (applied ? ", applied" : ", not applied"));
            World world;
            fail_commit(world, 1, Kind::in_doubt);
            world.rows.applied_when_failing = applied;
            const auto answer = world.send(write.request(world));
            // An Abort or Complete may find out by asking again; the others cannot know.
            CHECK((answer.status == 500 || answer.status < 300));
            world.rows.fails = nullptr;
            world.collect_garbage();
            for (const auto* key : {"/photos/small", "/photos/large", "/photos/k"}) {
                const auto read = world.get(key);
                CHECK((read.status == 200 || read.status == 404));
                CHECK_FALSE(read.aborted);
                if (!applied && key != std::string("/photos/k")) CHECK(read.status == 200);
            }
        }
    }
}

TEST_CASE("Writes: a blob store that is full or broken (durability P1)", "[s3][faults]") {
    for (const auto& write : writes) {
        World world;
        const auto request = write.request(world);
        const auto before = world.state();
        world.blobs.failing_creates = 1;
        const auto full = world.send(request);
        const bool uses_blob = world.blobs.failing_creates == 0;
        world.blobs.failing_creates = 0;
        if (!uses_blob) continue;
        INFO(write.name);
        CHECK(full.outcome() == "507 InsufficientStorage");
        CHECK(world.state() == before);
        world.blobs.failing_appends = 1;
        CHECK(world.send(request).outcome() == "500 InternalError");
        CHECK(world.blobs.failing_appends == 0);
        CHECK(world.state() == before);
        CHECK(world.send(request).status == 200);
        world.collect_garbage();
        CHECK(world.blobs.live() <= 3);
    }
}

TEST_CASE("GetObject: damaged bytes never reach a client as if they were whole (P10)",
          "[s3][faults]") {
    World world;
    const std::string body(2'000'000, 'd');
    REQUIRE(world.put("/photos/d", body).status == 200);
    for (const std::uint64_t place :
         {std::uint64_t{0}, std::uint64_t{70'000}, std::uint64_t{1'900'000}}) {
        world.blobs.damaged_byte = place;
        const auto read = world.get("/photos/d");
        INFO(place << ": " << read.status);
        CHECK((read.aborted || read.status == 500));
        CHECK(read.body.size() < body.size());
        if (read.status == 200) CHECK(read.body == body.substr(0, read.body.size()));
        // Copies of it fail as a whole.
        const auto before = world.state();
        CHECK(world.send(Request("PUT", "/photos/copy").header("x-amz-copy-source", "/photos/d"))
                  .outcome() == "500 InternalError");
        CHECK(world.state() == before);
    }
    world.blobs.damaged_byte.reset();
    CHECK(world.get("/photos/d").body == body);
}

TEST_CASE("Buckets: a commit that fails while one is made or deleted", "[s3][faults]") {
    for (int number = 1; number <= 3; ++number) {
        INFO(number);
        World world;
        fail_commit(world, number, Kind::io);
        const auto made = world.put("/fresh");
        world.rows.fails = nullptr;
        if (made.status != 200) {
            CHECK(made.outcome() == "500 InternalError");
            CHECK(world.head("/fresh").status == 404);
            CHECK(world.put("/fresh").status == 200);
        }
        CHECK(world.put("/fresh/k", "x").status == 200);
        CHECK(world.remove("/fresh/k").status == 204);
        fail_commit(world, number, Kind::io);
        const auto removed = world.remove("/fresh");
        world.rows.fails = nullptr;
        if (removed.status != 204) CHECK(removed.outcome() == "500 InternalError");
        CHECK(world.remove("/fresh").status == (removed.status == 204 ? 404U : 204U));
        CHECK(world.head("/fresh").status == 404);
    }
}

TEST_CASE(
    "2.5 wall clock jumps: the last commit wins, an upload goes on, Last-Modified is wall time",
    "[s3][faults]") {
    World world;
    REQUIRE(world.put("/photos/k", "before").status == 200);
    const auto modified_before = world.get("/photos/k").header("Last-Modified");
    world.clock.set_wall_clock(-std::chrono::hours(48));
    REQUIRE(world.put("/photos/k", "after").status == 200);
    const auto after = world.get("/photos/k");
    CHECK(after.body == "after");
    CHECK(modified_before == "Tue, 14 Nov 2023 22:13:20 GMT");
    CHECK(after.header("Last-Modified") == "Sun, 12 Nov 2023 22:13:20 GMT");
    // The upload is from two days ahead now.
    const auto completed = world.send(
        Request("POST", "/photos/k?uploadId=" + world.upload).body(part_list({{1, world.etag}})));
    REQUIRE(completed.status == 200);
    const auto whole = world.get("/photos/k");
    CHECK(whole.body == large);
    world.clock.set_wall_clock(std::chrono::hours(24 * 3650));
    CHECK(world.get("/photos/k").body == whole.body);
    REQUIRE(world.put("/photos/k", "last").status == 200);
    CHECK(world.get("/photos/k").body == "last");
}

}  // namespace holdfast::test
