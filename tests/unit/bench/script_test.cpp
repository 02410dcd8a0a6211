#include "bench/load/script.h"

#include <set>

#include "tests/catch.h"

using namespace holdfast::bench;

namespace {

struct ALoad {
    Body body{BodyOptions{.bytes = 10}};
    Shared shared;

    ObjectLoad of(Mix mix, std::uint64_t objects) {
        return {.keys = {"photos", "k-", objects}, .mix = mix, .body = &body};
    }
};

Request next_of(Script& script, bool stopping = false) {
    Request request;
    REQUIRE(script.next(request, stopping));
    return request;
}

}  // namespace

TEST_CASE("ObjectScript: puts go through the keys in order, then from the first again", "[bench]") {
    ALoad a;
    a.shared.budget = 4;
    const auto load = a.of({.put = 1}, 3);
    const auto script = make_object_script(load, a.shared, 1);
    for (const auto* path :
         {"/photos/k-00000000", "/photos/k-00000001", "/photos/k-00000002", "/photos/k-00000000"}) {
        const auto request = next_of(*script);
        CHECK(request.method == "PUT");
        CHECK(request.path == path);
        CHECK(request.body == &a.body);
    }
    Request none;
    CHECK_FALSE(script->next(none, false));
}

TEST_CASE("ObjectScript: nothing is begun when the run stops", "[bench]") {
    ALoad a;
    a.shared.budget = 10;
    const auto load = a.of({.get = 1}, 3);
    const auto script = make_object_script(load, a.shared, 1);
    Request none;
    CHECK_FALSE(script->next(none, true));
    CHECK(a.shared.budget == 10);
}

TEST_CASE("ObjectScript: a mix asks for every operation it names, over all keys", "[bench]") {
    ALoad a;
    a.shared.budget = 1000;
    const auto load = a.of({.put = 1, .get = 5, .head = 1, .list = 1, .remove = 1}, 5);
    const auto script = make_object_script(load, a.shared, 7);
    std::set<Operation> operations;
    std::set<std::string> got;
    Request request;
    while (script->next(request, false)) {
        operations.insert(request.operation);
        if (request.operation == Operation::get) got.insert(request.path);
        if (request.operation == Operation::list)
            CHECK(request.query.starts_with("list-type=2&max-keys=1000&prefix=k-&start-after=k-"));
    }
    CHECK(operations.size() == 5);
    CHECK(got.size() == 5);
}

namespace {

struct AnUpload {
    Body part{BodyOptions{.bytes = 8}};
    Body last{BodyOptions{.bytes = 3}};
    Shared shared;
    MultipartLoad load{
        .keys = {"photos", "u-", 1}, .part = &part, .last_part = &last, .full_parts = 1};
    std::unique_ptr<Script> script = make_multipart_script(load, shared);

    AnUpload() { shared.budget = 1; }
    void create() {
        const auto request = next_of(*script);
        CHECK(request.method == "POST");
        CHECK(request.query == "uploads=");
        script->answered({.ok = true, .status = 200, .body = "<R><UploadId>a+b</UploadId></R>"});
    }
};

}  // namespace

TEST_CASE("MultipartScript: create, each part, complete with the parts' ETags", "[bench]") {
    AnUpload upload;
    upload.create();
    const auto first = next_of(*upload.script);
    CHECK(first.path == "/photos/u-00000000");
    CHECK(first.query == "partNumber=1&uploadId=a%2Bb");
    CHECK(first.body == &upload.part);
    upload.script->answered({.ok = true, .status = 200, .etag = "\"one\""});
    const auto second = next_of(*upload.script);
    CHECK(second.query == "partNumber=2&uploadId=a%2Bb");
    CHECK(second.body == &upload.last);
    upload.script->answered({.ok = true, .status = 200, .etag = "\"two\""});
    const auto complete = next_of(*upload.script);
    CHECK(complete.operation == Operation::complete_upload);
    CHECK(complete.query == "uploadId=a%2Bb");
    const std::string xml(static_cast<const char*>(complete.body->pieces()[0].iov_base),
                          complete.body->pieces()[0].iov_len);
    CHECK(xml ==
          "<CompleteMultipartUpload>"
          "<Part><PartNumber>1</PartNumber><ETag>\"one\"</ETag></Part>"
          "<Part><PartNumber>2</PartNumber><ETag>\"two\"</ETag></Part>"
          "</CompleteMultipartUpload>");
    upload.script->answered({.ok = true, .status = 200});
    Request none;
    CHECK_FALSE(upload.script->next(none, false));
}

TEST_CASE("MultipartScript: an upload is aborted when a part fails or the run stops", "[bench]") {
    for (const bool stopping : {false, true}) {
        AnUpload upload;
        upload.create();
        if (!stopping) {
            next_of(*upload.script);
            upload.script->answered({.status = 503});
        }
        const auto abort = next_of(*upload.script, stopping);
        CHECK(abort.operation == Operation::other);
        CHECK(abort.method == "DELETE");
        CHECK(abort.query == "uploadId=a%2Bb");
        upload.script->answered({});
        Request none;
        CHECK_FALSE(upload.script->next(none, stopping));
    }
}
