/// Requests for the tests of S3's pure parts: a head, and the request parsed from it.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/s3/request.h"

namespace holdfast::s3::testing {

using HeaderList = std::initializer_list<std::pair<std::string, std::string>>;

inline http::RequestHead a_head(std::string method, std::string target, HeaderList headers = {}) {
    http::RequestHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    head.headers.emplace_back("host", "127.0.0.1:9000");
    for (const auto& [name, value] : headers) head.headers.emplace_back(name, value);
    return head;
}

/// A parsed request that keeps its head alive. REQUIRES: the target can be parsed.
class Parsed {
public:
    Parsed(std::string method, std::string target, HeaderList headers = {})
        : head_(std::make_unique<http::RequestHead>(
              a_head(std::move(method), std::move(target), headers))),
          request_(std::move(*Request::parse(*head_, {}))) {}
    operator const Request&() const { return request_; }
    Request& operator*() { return request_; }
    Request* operator->() { return &request_; }

private:
    std::unique_ptr<http::RequestHead> head_;
    Request request_;
};

/// A PUT of an object with these headers.
inline Parsed with_headers(HeaderList headers) {
    return {"PUT", "/bucket/key", headers};
}

/// "Code" of a refusal, "" of a success.
template <class T>
std::string code_of(const Result<T>& result) {
    return result ? std::string() : std::string(result.error().spec->code);
}

template <class T>
std::string message_of(const Result<T>& result) {
    return result ? std::string() : result.error().message;
}

inline std::optional<std::string> field(const S3Error& error, std::string_view name) {
    for (const auto& [key, value] : error.fields)
        if (key == name) return value;
    return std::nullopt;
}

template <class T>
std::optional<std::string> field(const Result<T>& result, std::string_view name) {
    return result ? std::nullopt : field(result.error(), name);
}

inline std::optional<std::string> header_of(const http::Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers)
        if (key == name) return value;
    return std::nullopt;
}

}  // namespace holdfast::s3::testing
