#include "bench/load/request.h"

#include "auth/verifier.h"
#include "tests/catch.h"

using namespace holdfast;
using bench::Body;
using bench::Payload;
using bench::Request;
using bench::RequestComposer;

namespace {

class OneCredential final : public auth::CredentialSource {
public:
    [[nodiscard]] std::shared_ptr<const auth::Credential> find(
        std::string_view access_key_id) const override {
        if (access_key_id != "benchmark") return nullptr;
        return std::make_shared<auth::Credential>(
            auth::Credential{.access_key_id = "benchmark",
                             .secret_key = base::Secret("benchmark-secret"),
                             .account = {}});
    }
};

RequestComposer a_composer(bool anonymous = false) {
    return RequestComposer({.host = "127.0.0.1:9000",
                            .access_key = "benchmark",
                            .secret_key = base::Secret("benchmark-secret"),
                            .region = "us-east-1",
                            .anonymous = anonymous});
}

auth::HeaderList headers_of(std::string_view head) {
    auth::HeaderList headers;
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.starts_with("\r\n")) {
        const auto colon = head.find(": ");
        const auto end = head.find("\r\n");
        headers.emplace_back(head.substr(0, colon), head.substr(colon + 2, end - colon - 2));
        head.remove_prefix(end + 2);
    }
    return headers;
}

auth::Result<auth::Verified> verified(const Request& request) {
    std::string head;
    auto composer = a_composer();
    composer.compose(request, head);
    const auto headers = headers_of(head);
    const OneCredential credentials;
    const base::SystemClock clock;
    const auth::Verifier verifier({}, credentials, clock);
    return verifier.verify({.method = request.method,
                            .raw_path = request.path,
                            .raw_query = request.query,
                            .headers = &headers},
                           true);
}

Request a_put(const Body& body) {
    Request request;
    request.method = "PUT";
    request.path = "/photos/k-00000001";
    request.body = &body;
    return request;
}

}  // namespace

TEST_CASE("RequestComposer: the server's verifier accepts every form of payload (A-02)",
          "[bench]") {
    const Body hashed({.bytes = 100, .payload = Payload::signed_hash});
    const Body unsigned_body({.bytes = 100, .payload = Payload::unsigned_});
    const Body trailer({.bytes = 100, .payload = Payload::trailer});
    const auto single = verified(a_put(hashed));
    REQUIRE(single);
    CHECK(single->payload == auth::PayloadMode::single_hash);
    CHECK(single->payload_sha256 == hashed.payload_hash());
    const auto none = verified(a_put(unsigned_body));
    REQUIRE(none);
    CHECK(none->payload == auth::PayloadMode::unsigned_payload);
    const auto chunks = verified(a_put(trailer));
    REQUIRE(chunks);
    CHECK(chunks->payload == auth::PayloadMode::unsigned_chunks_trailer);
}

TEST_CASE("RequestComposer: the server's verifier accepts queries and further headers", "[bench]") {
    const std::array<bench::Header, 1> more{{{"x-amz-checksum-algorithm", "CRC32"}}};
    Request create;
    create.method = "POST";
    create.path = "/photos/k";
    create.query = "uploads=";
    create.more_headers = more;
    CHECK(verified(create));
    Request list;
    list.method = "GET";
    list.path = "/photos";
    list.query = "list-type=2&max-keys=1000&prefix=k-&start-after=k-00000001";
    CHECK(verified(list));
}

TEST_CASE("RequestComposer: a framed body has the length of its framing", "[bench]") {
    const Body trailer({.bytes = 100, .payload = Payload::trailer});
    std::string head;
    auto composer = a_composer();
    composer.compose(a_put(trailer), head);
    CHECK(head.starts_with("PUT /photos/k-00000001 HTTP/1.1\r\n"));
    CHECK(head.find("content-length: " + std::to_string(trailer.wire_bytes()) + "\r\n") !=
          std::string::npos);
    CHECK(head.find("x-amz-decoded-content-length: 100\r\n") != std::string::npos);
    CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("RequestComposer: an anonymous request has no header but its host", "[bench]") {
    Request request;
    request.method = "GET";
    request.path = "/file4k";
    std::string head;
    auto composer = a_composer(true);
    composer.compose(request, head);
    CHECK(head == "GET /file4k HTTP/1.1\r\nhost: 127.0.0.1:9000\r\n\r\n");
}
