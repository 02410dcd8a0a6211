/// One request as S3 sees it: bucket, key, query and headers, each decoded once. threads: one.
/// source: spec operations 2.1, 3.2, 3.3; multipart section 2; auth C-01 to C-08.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/uri.h"
#include "server/http/exchange.h"
#include "server/s3/errors.h"

namespace holdfast::s3 {

enum class Level { service, bucket, object };

class Request {
public:
    /// Splits and decodes. `domains`: hosts whose sub-domains are bucket names.
    /// errors: InvalidURI, KeyTooLongError, InvalidBucketName.
    static Result<Request> parse(const http::RequestHead& head,
                                 const std::vector<std::string>& domains);

    [[nodiscard]] const http::RequestHead& head() const { return *head_; }
    [[nodiscard]] std::string_view method() const { return head_->method; }
    [[nodiscard]] std::string_view raw_path() const { return raw_path_; }
    [[nodiscard]] std::string_view raw_query() const { return raw_query_; }
    [[nodiscard]] Level level() const { return level_; }
    [[nodiscard]] const std::string& bucket() const { return bucket_; }
    [[nodiscard]] const std::string& key() const { return key_; }
    [[nodiscard]] bool virtual_hosted() const { return virtual_hosted_; }

    /// First value (also "" for a bare name), or nothing.
    [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const;
    [[nodiscard]] const std::vector<model::QueryItem>& query_items() const { return query_; }

    /// First value of a header: of the request, or of the query of a presigned URL (P-36).
    [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_name) const;
    /// As header(), but an empty value counts as absent.
    [[nodiscard]] std::optional<std::string_view> header_with_value(
        std::string_view lower_name) const;
    /// Every header, hoisted ones last.
    template <class F>
    void for_each_header(F&& visit) const {
        for (const auto& [name, value] : head_->headers)
            if (!ignored(name)) visit(std::string_view(name), std::string_view(value));
        for (const auto& [name, value] : hoisted_)
            visit(std::string_view(name), std::string_view(value));
    }

    /// After verification: what a presigned URL's query says in place of headers, and the headers
    /// that nobody may read (P-04).
    void apply_signature(http::Headers hoisted, std::vector<std::string> ignored_headers);

private:
    Result<base::Unit> parse_target(const std::vector<std::string>& domains);
    Result<base::Unit> set_bucket(std::string_view name);
    Result<base::Unit> set_key(std::string_view raw);
    [[nodiscard]] bool ignored(std::string_view name) const;

    const http::RequestHead* head_ = nullptr;
    std::string_view raw_path_;
    std::string_view raw_query_;
    Level level_ = Level::service;
    std::string bucket_;
    std::string key_;
    bool virtual_hosted_ = false;
    std::vector<model::QueryItem> query_;
    http::Headers hoisted_;
    std::vector<std::string> ignored_;
};

}  // namespace holdfast::s3
