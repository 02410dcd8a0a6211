// Every allocation of a request fails once, and then that one and all after it: no crash, a right
// answer or none, and afterwards either all of the request or nothing. Spec durability 2.5
// (memory), 5.3 (error sweeps), P5.

#include <functional>
#include <new>
#include <optional>

#include "tests/component/memory/failing_new.h"
#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

const std::string before(120'000, 'b');
const std::string after(150'000, 'a');

struct World : MemoryEndpoint {
    World() {
        REQUIRE(put("/photos/k", before).status == 200);
        upload = start_upload("/photos/k");
        etag = put_part("/photos/k", upload, 1, after);
        second = put_part("/photos/k", upload, 2, "never listed");
        collect_garbage();
    }
    std::string upload;
    std::string etag;
    std::string second;
};

struct Case {
    const char* name;
    std::function<Request(const World&)> request;
    /// What the key holds after it; empty: nothing.
    std::string result;
};

const Case cases[] = {
    {"PutObject in a blob", [](const World&) { return Request("PUT", "/photos/k").body(after); },
     after},
    {"PutObject inline", [](const World&) { return Request("PUT", "/photos/k").body("small"); },
     "small"},
    {"CompleteMultipartUpload",
     [](const World& world) {
         return Request("POST", "/photos/k?uploadId=" + world.upload)
             .body(part_list({{1, world.etag}}));
     },
     after},
    {"UploadPart",
     [](const World& world) {
         return Request("PUT", "/photos/k?partNumber=1&uploadId=" + world.upload).body("again");
     },
     before},
    {"DeleteObject", [](const World&) { return Request("DELETE", "/photos/k"); }, ""},
    {"GetObject", [](const World&) { return Request("GET", "/photos/k"); }, before},
};

/// The status of a request whose nth allocation fails; 0: it ended without an answer, and
/// server/http answers 503 or cuts the connection. Building and signing the request is no part of
/// it.
unsigned send_failing(World& world, const Request& request, std::uint64_t nth, bool for_ever) {
    auto wire = request.wire(world.clock.wall());
    try {
        fail_allocation(nth, for_ever);
        return world.send_wire(std::move(wire)).status;
    } catch (const std::bad_alloc&) {
        return 0;
    }
}

/// Each allocation of one request in turn, in a world that is made anew when a request got through.
class Sweep {
public:
    Sweep(const Case& one, bool for_ever) : case_(one), for_ever_(for_ever) {}

    /// False: the request has fewer allocations.
    bool step(std::uint64_t nth) {
        if (!world_) world_.emplace();
        const auto request = case_.request(*world_);
        const auto status = send_failing(*world_, request, nth, for_ever_);
        const bool failed = heal_allocations();
        INFO(case_.name << ", allocation " << nth << (for_ever_ ? " and on" : "") << ": "
                        << status);
        const auto read = world_->get("/photos/k");
        const bool absent = read.status == 404;
        const bool is_done = case_.result.empty() ? absent : read.body == case_.result;
        CHECK((is_done || read.body == before));
        CHECK((read.status == 200 || (absent && case_.result.empty())));
        if (status != 0 && status < 300) CHECK(is_done);
        // Now and then, and whenever something was done: the request again, and the collector.
        if (nth % 10 != 0 && !is_done && failed) return true;
        CHECK(world_->send(request).status < 300);
        world_->collect_garbage();
        world_.reset();
        return failed;
    }

private:
    const Case& case_;
    const bool for_ever_;
    std::optional<World> world_;
};

}  // namespace

TEST_CASE("2.5 memory: any allocation of a request fails: all or nothing of it, and no crash",
          "[s3][memory][sweep]") {
    for (const auto& one : cases) {
        Sweep once(one, false);
        for (std::uint64_t nth = 1; once.step(nth);) ++nth;
        Sweep for_ever(one, true);
        for (std::uint64_t nth = 1; for_ever.step(nth);) nth += 7;
    }
}

}  // namespace holdfast::test
