#include <array>

#include "server/s3/operations/operations.h"
#include "server/s3/payload.h"
#include "server/s3/request_checks.h"
#include "server/s3/xml_reader.h"

namespace holdfast::s3 {

namespace {

constexpr std::uint64_t configuration_bytes_max = 64 * 1024;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    for (const auto word : words)
        if (text == word) return true;
    return false;
}

bool has_grants(const Request& request) {
    bool found = false;
    request.for_each_header([&](std::string_view name, std::string_view) {
        found = found || name.substr(0, 12) == "x-amz-grant-";
    });
    return found;
}

/// New buckets have BucketOwnerEnforced: no ACL but the owner's own (operations 4).
Result<base::Unit> check_acl(const Request& request) {
    const auto canned = request.header("x-amz-acl");
    const bool grants = has_grants(request);
    if (canned && grants)
        return invalid_request("Specifying both Canned ACLs and Header Grants is not allowed");
    if (canned && !is_one_of(*canned, {"private", "public-read", "public-read-write",
                                       "authenticated-read", "bucket-owner-full-control"}))
        return invalid_argument("x-amz-acl", *canned);
    const bool owner_only = !canned || is_one_of(*canned, {"private", "bucket-owner-full-control"});
    if (grants || !owner_only) return S3Error(errors::invalid_bucket_acl_with_object_ownership);
    return base::Unit{};
}

Result<base::Unit> check_ownership(const Request& request) {
    constexpr std::string_view header = "x-amz-object-ownership";
    const auto ownership = request.header(header);
    if (!ownership || *ownership == "BucketOwnerEnforced") return base::Unit{};
    if (is_one_of(*ownership, {"BucketOwnerPreferred", "ObjectWriter"}))
        return not_implemented_header(header, std::string(*ownership));
    return S3Error(errors::invalid_argument, "Invalid x-amz-object-ownership header")
        .with("ArgumentName", std::string(header));
}

Result<base::Unit> check_other_headers(const Request& request) {
    constexpr std::string_view lock = "x-amz-bucket-object-lock-enabled";
    constexpr std::string_view space = "x-amz-bucket-namespace";
    if (const auto enabled = request.header(lock); enabled && to_lower(*enabled) != "false")
        return not_implemented_header(lock);
    if (const auto named = request.header(space); named && *named != "global")
        return not_implemented_header(space);
    return base::Unit{};
}

Result<base::Unit> check_location(const std::string& location, const std::string& region) {
    if (location.empty()) return base::Unit{};
    const bool here = location == region || (location == "EU" && region == "eu-west-1");
    if (here && location != "us-east-1") return base::Unit{};
    return S3Error(errors::invalid_location_constraint).with("LocationConstraint", location);
}

Result<base::Unit> check_configuration(const std::string& document, const std::string& region) {
    if (document.empty()) return base::Unit{};
    auto xml = XmlDocument::parse(document, "CreateBucketConfiguration");
    if (!xml) return std::move(xml).error();
    for (const auto child : xml->root().children()) {
        const auto name = local_name(child);
        if (is_one_of(name, {"Location", "Bucket", "Tags"}) && child.first_child())
            return S3Error(errors::not_implemented).with("Element", std::string(name));
    }
    return check_location(child_text(xml->root(), "LocationConstraint").value_or(""), region);
}

Result<base::Unit> check_request(const Context& context, const std::string& document) {
    if (auto acl = check_acl(context.request); !acl) return acl;
    if (auto ownership = check_ownership(context.request); !ownership) return ownership;
    if (auto other = check_other_headers(context.request); !other) return other;
    return check_configuration(document, context.services.options.region);
}

}  // namespace

Reply create_bucket(Context& context) {
    auto document = co_await read_document(context, configuration_bytes_max, Integrity::optional);
    if (!document) co_return std::move(document).error();
    if (auto checked = check_request(context, *document); !checked)
        co_return std::move(checked).error();

    records::Bucket bucket;
    bucket.set_name(context.request.bucket());
    bucket.set_owner(context.verified.identity.canonical_id());
    bucket.set_owner_account(context.verified.identity.account_id());
    bucket.set_region(context.services.options.region);
    auto created = co_await context.services.buckets.create(std::move(bucket));
    if (!created) {
        // us-east-1 alone forgives its owner a second creation (operations 4, "exists").
        const bool exists = created.error().kind == catalog::CatalogError::Kind::bucket_exists;
        if (!exists || context.services.options.region != "us-east-1")
            co_return context.error(created.error());
    }
    Response response;
    response.set("Location", "/" + context.request.bucket());
    response.set("x-amz-bucket-arn", "arn:aws:s3:::" + context.request.bucket());
    co_return response;
}

}  // namespace holdfast::s3
