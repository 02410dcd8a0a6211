/// One request as the scripts see it, and its bytes. threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/body.h"
#include "bench/load/signer.h"

namespace holdfast::bench {

/// What figures are kept apart by.
enum class Operation : std::uint8_t {
    put,
    get,
    head,
    list,
    remove,
    create_upload,
    upload_part,
    complete_upload,
    other,  ///< set-up and tidying: never in the figures
};
inline constexpr std::size_t operation_count = 9;
std::string_view name(Operation operation);

struct Request {
    Operation operation = Operation::other;
    std::string_view method;
    std::string path;                   ///< encoded
    std::string query;                  ///< canonical: encoded, sorted, every parameter with '='
    const Body* body = nullptr;         ///< what is sent
    const Body* content = nullptr;      ///< what a GET or HEAD must answer; its length is checked
    bool verify = false;                ///< compare the content too
    std::size_t capture_bytes_max = 0;  ///< of the answer's body
    std::span<const Header> more_headers;  ///< signed as well; outlive the request
};

struct ComposerOptions {
    std::string host;  ///< the Host header
    std::string access_key;
    base::Secret secret_key;
    std::string region;
    bool anonymous = false;
};

/// Turns requests into the bytes of their heads.
class RequestComposer {
public:
    explicit RequestComposer(const ComposerOptions& options);
    /// Replaces `head`. The date's text is kept for as long as the second lasts.
    void compose(const Request& request, std::string& head);

private:
    void refresh_timestamp();
    std::size_t collect_headers(const Request& request);

    static constexpr std::size_t headers_max = 16;
    std::string host_;
    std::optional<Signer> signer_;
    std::int64_t second_ = 0;
    std::string timestamp_;
    std::array<Header, headers_max> headers_;
};

}  // namespace holdfast::bench
