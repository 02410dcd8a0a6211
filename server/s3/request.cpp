#include "server/s3/request.h"

#include <algorithm>

#include "model/limits.h"
#include "model/names.h"

namespace holdfast::s3 {

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view host_without_port(std::string_view host) {
    if (!host.empty() && host.front() == '[') return host.substr(0, host.find(']') + 1);
    return host.substr(0, host.rfind(':'));
}

/// The bucket a host names below the longest domain that fits; empty when it names none, also when
/// it is a domain itself.
std::string_view bucket_of_host(std::string_view host, const std::vector<std::string>& domains) {
    host = host_without_port(host);
    std::string_view bucket = host;
    for (const auto& domain : domains) {
        if (host.size() < domain.size()) continue;
        const auto at = host.size() - domain.size();
        if (!equal_ignoring_case(host.substr(at), domain)) continue;
        if (at == 0) return {};
        if (host[at - 1] == '.' && at - 1 < bucket.size()) bucket = host.substr(0, at - 1);
    }
    return bucket.size() == host.size() ? std::string_view{} : bucket;
}

}  // namespace

Result<Request> Request::parse(const http::RequestHead& head,
                               const std::vector<std::string>& domains) {
    Request request;
    request.head_ = &head;
    const std::string_view target = head.target;
    const auto question = target.find('?');
    request.raw_path_ = target.substr(0, question);
    if (question != std::string_view::npos) request.raw_query_ = target.substr(question + 1);
    auto query = model::parse_query(request.raw_query_);
    if (!query) return S3Error(errors::invalid_uri).with("URI", head.target);
    request.query_ = std::move(*query);
    auto parsed = request.parse_target(domains);
    if (!parsed) return std::move(parsed).error();
    return request;
}

Result<base::Unit> Request::parse_target(const std::vector<std::string>& domains) {
    if (raw_path_.empty() || raw_path_.front() != '/')
        return S3Error(errors::invalid_uri).with("URI", head_->target);
    const auto host = head_->header("host").value_or("");
    if (const auto bucket = bucket_of_host(host, domains); !bucket.empty()) {
        virtual_hosted_ = true;
        auto named = set_bucket(bucket);
        if (!named) return named;
        return set_key(raw_path_.substr(1));
    }
    // Split while still encoded: an encoded slash belongs to the key.
    const auto path = raw_path_.substr(1);
    const auto slash = path.find('/');
    if (path.empty()) return base::Unit{};
    const auto bucket = model::percent_decode(path.substr(0, slash));
    if (!bucket) return S3Error(errors::invalid_uri).with("URI", head_->target);
    auto named = set_bucket(*bucket);
    if (!named) return named;
    return slash == std::string_view::npos ? base::Unit{} : set_key(path.substr(slash + 1));
}

Result<base::Unit> Request::set_bucket(std::string_view name) {
    if (!model::BucketName::parse(name))
        return S3Error(errors::invalid_bucket_name).with("BucketName", std::string(name));
    bucket_ = name;
    level_ = Level::bucket;
    return base::Unit{};
}

Result<base::Unit> Request::set_key(std::string_view raw) {
    if (raw.empty()) return base::Unit{};
    const auto decoded = model::percent_decode(raw);
    if (!decoded) return S3Error(errors::invalid_uri).with("URI", head_->target);
    model::KeyError why{};
    const auto key = model::ObjectKey::parse(*decoded, &why);
    if (!key && why == model::KeyError::too_long)
        return S3Error(errors::key_too_long)
            .with("Size", std::to_string(decoded->size()))
            .with("MaxSizeAllowed", std::to_string(model::object_key_bytes_max));
    if (!key) return S3Error(errors::invalid_uri).with("URI", head_->target);
    key_ = key->text();
    level_ = Level::object;
    return base::Unit{};
}

std::optional<std::string_view> Request::query(std::string_view name) const {
    for (const auto& item : query_)
        if (item.name == name) return item.value;
    return std::nullopt;
}

std::optional<std::string_view> Request::header(std::string_view lower_name) const {
    if (ignored(lower_name)) return std::nullopt;
    if (const auto sent = head_->header(lower_name)) return sent;
    for (const auto& [name, value] : hoisted_)
        if (name == lower_name) return value;
    return std::nullopt;
}

std::optional<std::string_view> Request::header_with_value(std::string_view lower_name) const {
    const auto value = header(lower_name);
    return value && value->empty() ? std::nullopt : value;
}

void Request::apply_signature(http::Headers hoisted, std::vector<std::string> ignored_headers) {
    hoisted_ = std::move(hoisted);
    ignored_ = std::move(ignored_headers);
}

bool Request::ignored(std::string_view name) const {
    return std::find(ignored_.begin(), ignored_.end(), name) != ignored_.end();
}

}  // namespace holdfast::s3
