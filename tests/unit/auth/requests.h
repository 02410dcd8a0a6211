/// Requests for the verifier's tests: built in one line, signed as a client signs, and altered.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/verifier.h"
#include "base/clock.h"
#include "model/timestamp.h"
#include "model/uri.h"

namespace holdfast::auth::testing {

inline constexpr std::string_view access_key = "AKIAIOSFODNN7EXAMPLE";
inline constexpr std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
inline constexpr std::string_view empty_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
inline constexpr std::string_view scope = "20130524/us-east-1/s3/aws4_request";
inline constexpr std::string_view timestamp = "20130524T000000Z";

inline base::WallTime signing_time() {
    return *model::parse_basic_date(timestamp);
}

class OneCredential final : public CredentialSource {
public:
    [[nodiscard]] std::shared_ptr<const Credential> find(std::string_view id) const override {
        return id == credential_->access_key_id ? credential_ : nullptr;
    }
    void change_secret(std::string secret) { credential_ = make(base::Secret(std::move(secret))); }

private:
    static std::shared_ptr<const Credential> make(base::Secret secret) {
        return std::make_shared<Credential>(
            Credential{std::string(access_key),
                       std::move(secret),
                       {"123456789012", std::string(64, 'c'), "root of the tests"}});
    }
    std::shared_ptr<const Credential> credential_ = make(base::Secret(std::string(secret_key)));
};

struct Request {
    std::string method = "GET";
    std::string path = "/examplebucket/obj";
    std::string query;
    HeaderList headers;
    bool tls = false;

    [[nodiscard]] SignedRequest view() const { return {method, path, query, &headers, tls}; }

    Request& set(std::string name, std::string value) {
        remove(name);
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    Request& add(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    Request& remove(std::string_view name) {
        std::erase_if(headers, [&](const auto& header) { return header.first == name; });
        return *this;
    }
    Request& add_query(std::string_view name, std::string_view value) {
        if (!query.empty()) query += '&';
        query.append(name).append("=").append(model::percent_encode(value));
        return *this;
    }
    [[nodiscard]] std::string header(std::string_view name) const {
        for (const auto& [key, value] : headers)
            if (key == name) return value;
        return {};
    }
};

inline Request a_request() {
    Request request;
    request.set("host", "127.0.0.1:9000");
    request.set("x-amz-date", std::string(timestamp));
    request.set("x-amz-content-sha256", std::string(empty_sha256));
    return request;
}

inline std::vector<std::string> names_of(const HeaderList& headers) {
    std::vector<std::string> names;
    for (const auto& [name, value] : headers) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

inline std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ";") + name;
    return text;
}

inline std::string signature_of(const Request& request, const std::vector<std::string>& names,
                                std::string_view payload_hash, bool presigned,
                                std::string_view when = timestamp) {
    const auto key =
        signing_key(base::Secret(std::string(secret_key)), "20130524", "us-east-1", "s3");
    return sign(key,
                string_to_sign(when, scope,
                               canonical_request(request.view(), names, payload_hash, presigned)));
}

inline std::string authorization(const std::vector<std::string>& names,
                                 std::string_view signature) {
    std::string text("AWS4-HMAC-SHA256 Credential=");
    text.append(access_key).append("/").append(scope);
    text.append(", SignedHeaders=").append(join(names)).append(", Signature=").append(signature);
    return text;
}

/// Signs every header but the ones in `left_out`, as the header says.
inline Request signed_by_header(Request request, const std::vector<std::string>& left_out = {}) {
    auto names = names_of(request.headers);
    for (const auto& name : left_out) std::erase(names, name);
    const auto signature =
        signature_of(request, names, request.header("x-amz-content-sha256"), false);
    return request.set("authorization", authorization(names, signature));
}

inline Request a_url() {
    Request request;
    request.set("host", "127.0.0.1:9000");
    return request;
}

struct UrlOptions {
    std::string algorithm = "AWS4-HMAC-SHA256";
    std::string credential = std::string(access_key) + "/" + std::string(scope);
    std::string date = std::string(timestamp);
    std::string expires = "3600";
    std::vector<std::string> names = {"host"};
    std::string payload_hash = "UNSIGNED-PAYLOAD";
};

/// Adds the security parameters and the signature. One whose option is "-" is left out.
inline Request presigned(Request request, const UrlOptions& options = {}) {
    const auto add = [&](std::string_view name, const std::string& value) {
        if (value != "-") request.add_query(name, value);
    };
    add("X-Amz-Algorithm", options.algorithm);
    add("X-Amz-Credential", options.credential);
    add("X-Amz-Date", options.date);
    add("X-Amz-Expires", options.expires);
    add("X-Amz-SignedHeaders", join(options.names));
    return request.add_query(
        "X-Amz-Signature",
        signature_of(request, options.names, options.payload_hash, true, options.date));
}

/// A verifier at the time of the vectors.
struct Bench {
    explicit Bench(VerifierOptions options = {})
        : verifier(std::move(options), credentials, clock) {}

    [[nodiscard]] Result<Verified> verify(const Request& request, bool chunked_allowed = true) {
        return verifier.verify(request.view(), chunked_allowed);
    }
    /// REQUIRES: it is refused.
    [[nodiscard]] AuthError refusal(const Request& request, bool chunked_allowed = true) {
        auto verified = verify(request, chunked_allowed);
        return verified ? AuthError{AuthCode::access_denied, "was let in", {}}
                        : std::move(verified).error();
    }

    base::FakeClock clock{signing_time()};
    OneCredential credentials;
    Verifier verifier;
};

inline std::optional<std::string> field(const AuthError& error, std::string_view name) {
    for (const auto& [key, value] : error.fields)
        if (key == name) return value;
    return std::nullopt;
}

inline bool says(const AuthError& error, AuthCode code, std::string_view text) {
    return error.code == code && error.message.find(text) != std::string::npos;
}

}  // namespace holdfast::auth::testing
