// The endpoint over the local engine: what was answered is there after a restart, with or without a
// clean end. Spec multipart CPL-50, RACE-01, RACE-04, RACE-05, RACE-07; durability P1.

#include <optional>

#include "base/vfs.h"
#include "base/worker_pool.h"
#include "storage/local/engine.h"
#include "tests/component/s3/memory_endpoint.h"
#include "tests/temporary_directory.h"

namespace holdfast::test {

namespace {

/// A data directory, the engine on it and the endpoint on that.
class LocalWorld {
public:
    LocalWorld() { open(); }
    LocalWorld(const LocalWorld&) = delete;
    LocalWorld& operator=(const LocalWorld&) = delete;
    ~LocalWorld() {
        endpoint_.reset();
        engine_.reset();
        pool_.join();
    }

    enum class End { clean, crash };
    void restart(End end) {
        endpoint_.reset();
        if (end == End::clean) engine_->close();
        engine_.reset();
        open();
    }
    Endpoint* operator->() { return &*endpoint_; }

private:
    void open() {
        storage::local::EngineOptions options;
        options.directory = directory_.path();
        options.segment_bytes = 32 << 20;
        options.extent_bytes_max = 8 << 20;
        options.free_space_reserve_bytes = 1;
        options.block_cache_bytes = 8 << 20;
        options.memtable_bytes = 8 << 20;
        auto opened = storage::local::Engine::open(options, *vfs_, clock_, random_, pool_);
        REQUIRE(opened);
        engine_ = *std::move(opened);
        endpoint_.emplace(engine_->metadata(), engine_->blobs(), clock_);
    }

    tests::TemporaryDirectory directory_;
    std::unique_ptr<base::Vfs> vfs_ = base::make_posix_vfs();
    base::FakeClock clock_{base::WallTime(std::chrono::milliseconds(1'700'000'000'500))};
    base::SystemRandom random_;
    base::WorkerPool pool_{2};
    std::unique_ptr<storage::local::Engine> engine_;
    std::optional<Endpoint> endpoint_;
};

}  // namespace

TEST_CASE("Restart: objects, uploads and the memory of a Complete survive (CPL-50, RACE-07, P1)",
          "[s3][local]") {
    for (const auto end : {LocalWorld::End::clean, LocalWorld::End::crash}) {
        LocalWorld world;
        REQUIRE(world->put("/photos").status == 200);
        const std::string large(3'000'000, 'L');
        REQUIRE(world->put("/photos/small", "small").status == 200);
        REQUIRE(world->put("/photos/large", large).status == 200);
        REQUIRE(world->put("/photos/gone", "x").status == 200);
        REQUIRE(world->remove("/photos/gone").status == 204);
        const auto done = world->start_upload("/photos/done");
        const std::string first(five_mib, 'f');
        const auto list = part_list({{1, world->put_part("/photos/done", done, 1, first)},
                                     {2, world->put_part("/photos/done", done, 2, "second")}});
        const auto completed = world->post("/photos/done?uploadId=" + done, list);
        REQUIRE(completed.status == 200);
        const auto open = world->start_upload("/photos/open");
        const auto kept = world->put_part("/photos/open", open, 1, first);
        const auto aborted = world->start_upload("/photos/open");
        REQUIRE(world->remove("/photos/open?uploadId=" + aborted).status == 204);

        world.restart(end);
        CHECK(world->get("/photos/small").body == "small");
        CHECK(world->get("/photos/large").body == large);
        CHECK(world->get("/photos/gone").outcome() == "404 NoSuchKey");
        CHECK(world->get("/photos/done").body == first + "second");
        CHECK(world->get("/photos/done?partNumber=2").body == "second");
        // The answer of the Complete that was lost comes again.
        CHECK(world->post("/photos/done?uploadId=" + done, list).body == completed.body);
        CHECK(world->remove("/photos/open?uploadId=" + aborted).status == 204);
        // The open upload goes on where it was.
        CHECK(world->get("/photos?uploads").elements("UploadId") == std::vector<std::string>{open});
        const auto more = world->put_part("/photos/open", open, 2, "tail");
        CHECK(world->post("/photos/open?uploadId=" + open, part_list({{1, kept}, {2, more}}))
                  .status == 200);
        CHECK(world->get("/photos/open").body == first + "tail");
    }
}

TEST_CASE("Races over the local engine end as over any other (RACE-01, RACE-04, RACE-05, RACE-06)",
          "[s3][local]") {
    LocalWorld world;
    REQUIRE(world->put("/photos").status == 200);
    const auto id = world->start_upload("/photos/k");
    std::vector<Request> parts;
    std::vector<std::string> bodies;
    for (char c = 'a'; c < 'g'; ++c) {
        bodies.emplace_back(100'000, c);
        parts.push_back(
            Request("PUT", "/photos/k?partNumber=1&uploadId=" + id).body(bodies.back()));
    }
    const auto answers = world->race(parts);
    for (std::size_t i = 0; i < answers.size(); ++i)
        CHECK(answers[i].header("ETag") == "\"" + hex_md5(bodies[i]) + "\"");
    const auto winner = world->get("/photos/k?uploadId=" + id).element("ETag");
    const Request complete =
        Request("POST", "/photos/k?uploadId=" + id).body(part_list({{1, winner}}));
    for (const auto& answer : world->race({complete, complete, complete, complete})) {
        CHECK(answer.outcome() == "200");
        CHECK(answer.has_element("ETag"));
    }
    CHECK("\"" + hex_md5(world->get("/photos/k").body) + "\"" == winner);

    std::vector<Request> conditional;
    for (int i = 0; i < 4; ++i) {
        const auto upload = world->start_upload("/photos/once");
        const auto etag = world->put_part("/photos/once", upload, 1, "from " + std::to_string(i));
        conditional.push_back(Request("POST", "/photos/once?uploadId=" + upload)
                                  .header("If-None-Match", "*")
                                  .body(part_list({{1, etag}})));
    }
    int won = 0;
    for (const auto& answer : world->race(conditional)) {
        won += answer.status == 200 ? 1 : 0;
        CHECK((answer.status == 200 || answer.status == 412 || answer.status == 409));
    }
    CHECK(won == 1);
    world.restart(LocalWorld::End::crash);
    CHECK(world->get("/photos/once").body.rfind("from ", 0) == 0);
}

}  // namespace holdfast::test
