#include "auth/verifier.h"
#include "bench/load/request.h"
#include "bench/micro/stopwatch.h"
#include "model/timestamp.h"

namespace holdfast::bench {

namespace {

class OneCredential final : public auth::CredentialSource {
public:
    [[nodiscard]] std::shared_ptr<const auth::Credential> find(
        std::string_view access_key_id) const override {
        return access_key_id == credential_->access_key_id ? credential_ : nullptr;
    }

    std::shared_ptr<auth::Credential> credential_ = std::make_shared<auth::Credential>();
};

/// Header lines of a composed head, as the server's parser hands them over.
auth::HeaderList headers_of(std::string_view head) {
    auth::HeaderList headers;
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
        const auto end = head.find("\r\n", at);
        const auto line = head.substr(at, end - at);
        if (line.empty()) break;
        const auto colon = line.find(": ");
        headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        at = end + 2;
    }
    return headers;
}

}  // namespace

std::vector<Figure> measure_signature(const MicroOptions& options) {
    OneCredential credentials;
    credentials.credential_->access_key_id = "AKIAIOSFODNN7EXAMPLE";
    credentials.credential_->secret_key = base::Secret(std::string(40, 's'));
    RequestComposer composer({.host = "127.0.0.1:9000",
                              .access_key = credentials.credential_->access_key_id,
                              .secret_key = credentials.credential_->secret_key,
                              .region = "us-east-1"});
    Request request;
    request.method = "GET";
    request.path = "/bench/bench-4096-00000017";
    std::string head;
    composer.compose(request, head);
    const auto headers = headers_of(head);
    const base::SystemClock clock;
    const auth::Verifier verifier({}, credentials, clock);
    const auth::SignedRequest signed_request{.method = request.method,
                                             .raw_path = request.path,
                                             .raw_query = request.query,
                                             .headers = &headers};

    bool valid = true;
    std::vector<Figure> figures;
    figures.push_back(repeat("verify", options, 0, [&] {
        valid = verifier.verify(signed_request, false).has_value() && valid;
    }));
    if (!valid) figures.back().name += " (FAILED)";
    figures.push_back(repeat("compose", options, 0, [&] { composer.compose(request, head); }));
    return figures;
}

}  // namespace holdfast::bench
