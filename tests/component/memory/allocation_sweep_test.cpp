// Every allocation of a request fails once, and then that one and all after it, in the memory
// engine and in the one on disk, and there on the engine's own threads as well: no crash, a right
// answer or none, and afterwards either all of the request or nothing. Spec durability 2.5
// (memory), 5.3 (error sweeps), P5.
//
// What RocksDB allocates inside its own calls is left out: it is not made for exceptions.

#include <functional>
#include <memory>
#include <new>

#include "base/metrics.h"
#include "tests/component/memory/failing_new.h"
#include "tests/component/memory/local_endpoint.h"
#include "tests/component/s3/memory_endpoint.h"
#include "tests/run_coroutine.h"

namespace holdfast::test {

namespace {

const std::string before(120'000, 'b');
const std::string after(150'000, 'a');

/// An object, another one to copy, and an upload with two parts.
template <class EndpointOverEngine>
struct World : EndpointOverEngine {
    World() {
        REQUIRE(this->put("/photos/k", before).status == 200);
        REQUIRE(this->put("/photos/other", after).status == 200);
        upload = this->start_upload("/photos/k");
        etag = this->put_part("/photos/k", upload, 1, after);
        this->put_part("/photos/k", upload, 2, "never listed");
        this->collect_garbage();
    }

    /// All that a client sees and a request of the sweep may change.
    std::string look() {
        std::string seen;
        for (const auto* key : {"/photos/k", "/photos/copy", "/photos/other"})
            seen += told(this->get(key));
        const auto parts = this->get("/photos/k?uploadId=" + upload);
        seen += parts.outcome();
        for (const auto& one : parts.elements("ETag")) seen += one;
        const auto uploads = this->get("/photos?uploads");
        seen += " uploads " + std::to_string(uploads.elements("UploadId").size());
        return seen;
    }

    static std::string told(const Answer& answer) {
        return answer.outcome() + (answer.status == 200 ? answer.body : "") + "\n";
    }

    std::string upload;
    std::string etag;
};

/// The names of a world's upload, whatever the engine.
struct Names {
    std::string upload;
    std::string etag;
};

struct Case {
    const char* name;
    std::function<Request(const Names&)> request;
    enum class Kind { write, read } kind = Kind::write;
};

Request delete_both(const Names&) {
    const std::string document =
        "<Delete><Object><Key>k</Key></Object><Object><Key>other</Key></Object></Delete>";
    return Request("POST", "/photos?delete")
        .header("Content-MD5", base64_md5(document))
        .body(document);
}

Request put_part(const Names& names) {
    return Request("PUT", "/photos/k?partNumber=1&uploadId=" + names.upload);
}

const Case cases[] = {
    {"PutObject in a blob", [](const Names&) { return Request("PUT", "/photos/k").body(after); }},
    {"PutObject inline", [](const Names&) { return Request("PUT", "/photos/k").body("small"); }},
    {"CopyObject",
     [](const Names&) {
         return Request("PUT", "/photos/copy").header("x-amz-copy-source", "/photos/other");
     }},
    {"CreateMultipartUpload", [](const Names&) { return Request("POST", "/photos/k?uploads"); }},
    {"UploadPart", [](const Names& names) { return put_part(names).body("again"); }},
    {"UploadPartCopy",
     [](const Names& names) { return put_part(names).header("x-amz-copy-source", "/photos/k"); }},
    {"CompleteMultipartUpload",
     [](const Names& names) {
         return Request("POST", "/photos/k?uploadId=" + names.upload)
             .body(part_list({{1, names.etag}}));
     }},
    {"AbortMultipartUpload",
     [](const Names& names) { return Request("DELETE", "/photos/k?uploadId=" + names.upload); }},
    {"DeleteObject", [](const Names&) { return Request("DELETE", "/photos/k"); }},
    {"DeleteObjects", delete_both},
    {"GetObject", [](const Names&) { return Request("GET", "/photos/k"); }, Case::Kind::read},
    {"HeadObject", [](const Names&) { return Request("HEAD", "/photos/k"); }, Case::Kind::read},
    {"GetObjectAttributes",
     [](const Names&) {
         return Request("GET", "/photos/k?attributes")
             .header("x-amz-object-attributes", "ETag,ObjectSize,ObjectParts,StorageClass");
     },
     Case::Kind::read},
    {"ListObjectsV2", [](const Names&) { return Request("GET", "/photos?list-type=2"); },
     Case::Kind::read},
    {"ListObjects", [](const Names&) { return Request("GET", "/photos"); }, Case::Kind::read},
    {"ListMultipartUploads", [](const Names&) { return Request("GET", "/photos?uploads"); },
     Case::Kind::read},
    {"ListParts",
     [](const Names& names) { return Request("GET", "/photos/k?uploadId=" + names.upload); },
     Case::Kind::read},
};

enum class Often { once, for_ever };

struct Failure {
    std::uint64_t nth = 1;
    Often often = Often::once;
    Where where = Where::here;
};

/// Status 0: it ended without an answer, and server/http answers 503 or cuts the connection. Only
/// the request itself fails: what runs the outermost coroutine cannot do without memory.
base::Awaitable<Answer> serve_failing(Endpoint& endpoint, Wire wire, Failure failure, bool& came) {
    Answer answer;
    fail_allocation(failure.nth, failure.often == Often::for_ever, failure.where);
    try {
        answer = co_await endpoint.serve_wire(std::move(wire));
    } catch (const std::bad_alloc&) {
        answer.status = 0;
    }
    came = heal_allocations();
    co_return answer;
}

/// One request's allocations, each in turn, in a world that is made anew when the request got
/// through.
template <class WorldOf>
class Sweep {
public:
    Sweep(const Case& one, Where where, Often often) : case_(one), where_(where), often_(often) {
        begin();
        REQUIRE(world_->send(request()).status < 300);
        after_ = world_->look();
        begin();
    }

    /// False: the request has fewer allocations.
    bool step(std::uint64_t nth) {
        const bool came = send_failing(nth);
        INFO(case_.name << ", allocation " << nth << (often_ == Often::once ? "" : " and on")
                        << (where_ == Where::here ? "" : " of other threads") << ": " << status_);
        const auto seen = world_->look();
        const bool is_done = seen == after_;
        // Not the texts, which are long.
        CHECK((is_done || seen == before_));
        if (status_ != 0 && status_ < 300) CHECK(is_done);
        if (case_.kind == Case::Kind::write && is_done) {
            begin();
            return came;
        }
        // Now and then: the request again, and the collector.
        if (came && nth % 10 != 0) return true;
        CHECK(world_->send(request()).status < 300);
        CHECK(world_->look() == after_);
        world_->collect_garbage();
        CHECK(world_->look() == after_);
        if (case_.kind == Case::Kind::write) begin();
        return came;
    }

private:
    Request request() const { return case_.request({world_->upload, world_->etag}); }

    void begin() {
        world_.reset();
        world_ = std::make_unique<WorldOf>();
        before_ = world_->look();
    }

    /// Building and signing the request is no part of it.
    bool send_failing(std::uint64_t nth) {
        const auto one = request();
        const auto expected =
            case_.kind == Case::Kind::read ? WorldOf::told(world_->send(one)) : std::string();
        bool came = false;
        const auto answer = run(
            serve_failing(*world_, one.wire(world_->clock.wall()), {nth, often_, where_}, came));
        status_ = answer.status;
        CHECK((status_ == 0 || status_ < 300 || status_ >= 500));
        // A read that says that it is whole is.
        if (case_.kind == Case::Kind::read && status_ == 200 && !answer.aborted)
            CHECK((WorldOf::told(answer) == expected));
        return came;
    }

    const Case& case_;
    const Where where_;
    const Often often_;
    std::unique_ptr<WorldOf> world_;
    std::string before_;
    std::string after_;
    unsigned status_ = 0;
};

/// The value of a counter; 0 when nobody counted yet.
double counted(std::string_view name) {
    double value = 0;
    for (const auto& sample : base::metrics::samples())
        if (sample.name == name) value += sample.value;
    return value;
}

template <class WorldOf>
void sweep_all(Where where, std::uint64_t stride_for_ever) {
    for (const auto& one : cases) {
        Sweep<WorldOf> once(one, where, Often::once);
        for (std::uint64_t nth = 1; once.step(nth);) ++nth;
        Sweep<WorldOf> for_ever(one, where, Often::for_ever);
        for (std::uint64_t nth = 1; for_ever.step(nth);) nth += stride_for_ever;
    }
}

}  // namespace

TEST_CASE("2.5 memory: any allocation of a request fails: all or nothing of it, and no crash",
          "[s3][memory][sweep]") {
    sweep_all<World<MemoryEndpoint>>(Where::here, 7);
}

TEST_CASE("2.5 memory: any allocation of a request over the engine on disk fails: all or nothing",
          "[s3][local][memory][sweep]") {
    sweep_all<World<LocalEndpoint>>(Where::here, 7);
    // Blobs were given up without memory to give their space back.
    CHECK(counted("holdfast_segment_jobs_left_out_total") > 0);
}

TEST_CASE("2.5 memory: any allocation of the engine's own threads fails: all or nothing",
          "[s3][local][memory][sweep]") {
    sweep_all<World<LocalEndpoint>>(Where::elsewhere, 1);
    CHECK(counted("holdfast_commits_without_memory_total") > 0);
}

}  // namespace holdfast::test
