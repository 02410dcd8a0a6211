#include "bench/load/request.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "base/assert.h"

namespace holdfast::bench {

namespace {

constexpr std::string_view empty_hash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

bool has_body_by_nature(std::string_view method) {
    return method == "PUT" || method == "POST";
}

}  // namespace

std::string_view name(Operation operation) {
    constexpr std::array<std::string_view, operation_count> names{
        "put", "get", "head", "list", "delete", "create", "part", "complete", "other"};
    return names[static_cast<std::size_t>(operation)];
}

RequestComposer::RequestComposer(const ComposerOptions& options) : host_(options.host) {
    if (!options.anonymous) signer_.emplace(options.access_key, options.secret_key, options.region);
}

void RequestComposer::refresh_timestamp() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == second_) return;
    second_ = now.tv_sec;
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    timestamp_ =
        fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                    parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::size_t RequestComposer::collect_headers(const Request& request) {
    std::size_t count = 0;
    const auto add = [&](std::string_view name, std::string_view value) {
        HF_ASSERT(count < headers_max);
        headers_[count++] = {name, value};
    };
    const Body* const body = request.body;
    if (body != nullptr && !body->trailer_name().empty()) {
        add("content-encoding", "aws-chunked");
        add("x-amz-decoded-content-length", body->bytes_text());
        add("x-amz-trailer", body->trailer_name());
    }
    for (const auto& header : request.more_headers) add(header.name, header.value);
    add("host", host_);
    if (signer_) {
        add("x-amz-date", timestamp_);
        add("x-amz-content-sha256", body == nullptr ? empty_hash : body->payload_hash());
    }
    std::sort(headers_.begin(), headers_.begin() + static_cast<std::ptrdiff_t>(count),
              [](const Header& a, const Header& b) { return a.name < b.name; });
    return count;
}

void RequestComposer::compose(const Request& request, std::string& head) {
    refresh_timestamp();
    const auto count = collect_headers(request);
    head.assign(request.method).append(1, ' ').append(request.path);
    if (!request.query.empty()) head.append(1, '?').append(request.query);
    head.append(" HTTP/1.1\r\n");
    for (const auto& [name, value] : std::span(headers_).first(count))
        head.append(name).append(": ").append(value).append("\r\n");
    if (request.body != nullptr || has_body_by_nature(request.method))
        fmt::format_to(std::back_inserter(head), "content-length: {}\r\n",
                       request.body == nullptr ? 0 : request.body->wire_bytes());
    if (signer_) {
        head.append("authorization: ");
        const std::string_view hash =
            request.body == nullptr ? empty_hash : std::string_view(request.body->payload_hash());
        signer_->append_authorization({.method = request.method,
                                       .path = request.path,
                                       .query = request.query,
                                       .headers = std::span<const Header>(headers_).first(count),
                                       .payload_hash = hash,
                                       .timestamp = timestamp_},
                                      head);
        head.append("\r\n");
    }
    head.append("\r\n");
}

}  // namespace holdfast::bench
