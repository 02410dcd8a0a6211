#include "server/s3/response.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

const RequestIds ids{"0123456789ABCDEF", "host-id"};

}  // namespace

TEST_CASE("answers: every one has its ids (GEN-02)", "[s3][response]") {
    const auto head = response_head(204, {{"ETag", "\"a\""}}, ids);
    CHECK(head.status == 204);
    CHECK(header_of(head.headers, "x-amz-request-id") == ids.request_id);
    CHECK(header_of(head.headers, "x-amz-id-2") == ids.host_id);
    CHECK(header_of(head.headers, "ETag") == "\"a\"");
}

TEST_CASE("answers: ids are 16 upper-case digits and an opaque text (operations 3.2)",
          "[s3][response]") {
    base::SeededRandom random(7);
    const auto first = make_request_ids(random);
    const auto second = make_request_ids(random);
    CHECK(first.request_id.size() == 16);
    CHECK(first.request_id.find_first_not_of("0123456789ABCDEF") == std::string::npos);
    CHECK_FALSE(first.host_id.empty());
    CHECK(first.request_id != second.request_id);
    CHECK(first.host_id != second.host_id);
}

TEST_CASE("answers: an error's document has the header's request id (operations 3.1)",
          "[s3][response]") {
    auto error = method_not_allowed("PUT", "BUCKET", "GET");
    error.close = true;
    error.cause = "for the log only";
    const auto answer = error_answer(error, true, "/bucket", ids);
    CHECK(answer.head.status == 405);
    CHECK(answer.head.close);
    CHECK(header_of(answer.head.headers, "Content-Type") == "application/xml");
    CHECK(header_of(answer.head.headers, "Allow") == "GET");
    CHECK(answer.body.find("<RequestId>0123456789ABCDEF</RequestId>") != std::string::npos);
    CHECK(answer.body.find("for the log only") == std::string::npos);
}

TEST_CASE("answers: a HEAD error is a status and headers (GEN-01)", "[s3][response]") {
    const auto answer = error_answer(no_such_key("key"), false, "/bucket/key", ids);
    CHECK(answer.head.status == 404);
    CHECK(answer.body.empty());
    CHECK(header_of(answer.head.headers, "Content-Type") == std::nullopt);
}
