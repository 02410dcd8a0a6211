#include "server/s3/copy_source.h"

#include "model/names.h"
#include "model/uri.h"
#include "server/s3/admission.h"
#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

constexpr std::string_view header_name = "x-amz-copy-source";

S3Error invalid(std::string_view piece, std::string message) {
    return invalid_argument(header_name, piece, std::move(message));
}

base::WallTime last_modified(const records::Object& object) {
    return base::WallTime(std::chrono::milliseconds(object.last_modified_ms()));
}

/// UPC-04: every failure is 412 and names its header.
Result<base::Unit> check_conditions(const Context& context, const records::Object& object) {
    const auto conditions =
        ReadConditions::parse(context.request, "x-amz-copy-source-", context.now());
    const auto outcome = evaluate(conditions, object.etag(), last_modified(object));
    if (outcome.result == ConditionResult::passed) return base::Unit{};
    return precondition_failed("x-amz-copy-source-" + std::string(outcome.condition));
}

Result<base::Unit> refuse_customer_keys(const Request& request) {
    constexpr std::string_view prefix = "x-amz-copy-source-server-side-encryption-customer-";
    std::optional<std::string_view> found;
    request.for_each_header([&](std::string_view name, std::string_view) {
        if (name.substr(0, prefix.size()) == prefix) found = name;
    });
    if (found) return not_implemented_header(*found);
    return base::Unit{};
}

Result<base::Unit> check_readable(const records::Object& object) {
    const auto& storage_class = object.properties().storage_class();
    if (storage_class != "GLACIER" && storage_class != "DEEP_ARCHIVE") return base::Unit{};
    return S3Error(errors::invalid_object_state).with("StorageClass", storage_class);
}

}  // namespace

Result<CopySource> CopySource::parse(std::string_view header) {
    CopySource source;
    // The last literal separator: an encoded one belongs to the key.
    constexpr std::string_view version = "?versionId=";
    auto path = header;
    if (const auto at = header.rfind(version); at != std::string_view::npos) {
        path = header.substr(0, at);
        source.version_id = header.substr(at + version.size());
        if (source.version_id.empty())
            return invalid_argument("versionId", "", "Invalid version id specified");
    }
    const auto decoded = model::percent_decode(path);
    if (!decoded) return invalid(header, "Invalid copy source encoding");
    std::string_view text = *decoded;
    if (text.substr(0, 4) == "arn:") return not_implemented_header(header_name, "access point");
    if (text.substr(0, 1) == "/") text.remove_prefix(1);
    const auto slash = text.find('/');
    source.bucket = text.substr(0, slash);
    if (!model::BucketName::parse(source.bucket))
        return invalid(source.bucket, "Invalid copy source bucket name");
    const auto key = slash == std::string_view::npos ? "" : text.substr(slash + 1);
    if (!model::ObjectKey::parse(key)) return invalid(key, "Invalid copy source object key");
    source.key = key;
    return source;
}

base::Awaitable<Result<OpenedSource>> open_source(Context& context, const CopySource& source) {
    auto& services = context.services;
    if (auto keys = refuse_customer_keys(context.request); !keys) co_return std::move(keys).error();
    auto bucket = co_await services.buckets.find(source.bucket);
    if (!bucket) co_return from_catalog(bucket.error(), {source.bucket, source.key, {}});
    if (!*bucket) co_return no_such_bucket(source.bucket);
    if (auto owner = admit_source_owner(context.request, **bucket); !owner)
        co_return std::move(owner).error();
    if (auto allowed =
            authorize(context.verified.identity, context.operation, context.request, **bucket);
        !allowed)
        co_return std::move(allowed).error();
    if (!source.version_id.empty()) {
        auto version = check_version_id(source.version_id, source.key);
        if (!version) co_return std::move(version).error();
    }
    auto found = co_await services.objects.find((*bucket)->id(), source.key,
                                                catalog::Fetch::record_and_body);
    if (!found) co_return from_catalog(found.error(), {source.bucket, source.key, {}});
    if (!*found) co_return no_such_key(source.key);
    if (auto passed = check_conditions(context, (*found)->record); !passed)
        co_return std::move(passed).error();
    if (auto readable = check_readable((*found)->record); !readable)
        co_return std::move(readable).error();
    co_return OpenedSource{std::move(*bucket), std::move(**found)};
}

base::Awaitable<Result<std::optional<catalog::BodyReader>>> read_source(Context& context,
                                                                        const CopySource& source,
                                                                        const OpenedSource& opened,
                                                                        std::uint64_t first,
                                                                        std::uint64_t length) {
    auto body = co_await context.services.objects.open(opened.bucket->id(), source.key,
                                                       opened.object, first, length);
    if (body) co_return std::optional<catalog::BodyReader>(std::move(*body));
    if (body.error().kind == catalog::CatalogError::Kind::no_such_key)
        co_return std::optional<catalog::BodyReader>{};
    co_return from_catalog(body.error(), {source.bucket, source.key, {}});
}

}  // namespace holdfast::s3
