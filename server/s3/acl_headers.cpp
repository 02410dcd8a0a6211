#include "server/s3/acl_headers.h"

#include <algorithm>
#include <array>

#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

constexpr std::array<std::string_view, 7> object_canned_acls{
    "private",       "public-read",       "public-read-write",        "authenticated-read",
    "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control"};

constexpr std::array<std::string_view, 3> group_uris{
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    "http://acs.amazonaws.com/groups/s3/LogDelivery"};

/// The regions where e-mail grantees exist (ACL-07).
constexpr std::array<std::string_view, 8> email_regions{
    "us-east-1",      "us-west-1",      "us-west-2", "ap-southeast-1",
    "ap-southeast-2", "ap-northeast-1", "eu-west-1", "sa-east-1"};

struct GrantHeader {
    std::string_view header;
    std::string_view permission;
};
constexpr std::array grant_headers{GrantHeader{"x-amz-grant-read", "READ"},
                                   GrantHeader{"x-amz-grant-write", "WRITE"},
                                   GrantHeader{"x-amz-grant-read-acp", "READ_ACP"},
                                   GrantHeader{"x-amz-grant-write-acp", "WRITE_ACP"},
                                   GrantHeader{"x-amz-grant-full-control", "FULL_CONTROL"}};

template <class List>
bool contains(const List& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

Result<std::string> resolve_id(std::string_view id, const Options& options) {
    if (id == options.root.canonical_id || id == options.root.account_id)
        return options.root.canonical_id;
    return invalid_argument("id", id, "Invalid id");
}

S3Error refuse_email(const Options& options) {
    if (!contains(email_regions, options.region))
        return method_not_allowed("PUT", "OBJECT", "GET, HEAD, PUT, DELETE");
    return S3Error(errors::unresolvable_grant_by_email);
}

/// `type=value`, the value perhaps in quotes (ACL-04).
Result<records::Grant> parse_grantee(std::string_view text, std::string_view header,
                                     std::string_view whole, const Options& options) {
    const auto malformed = [&] {
        return invalid_argument(header, whole, "Argument format not recognized");
    };
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return malformed();
    const auto type = to_lower(trim(text.substr(0, equals)));
    auto value = trim(text.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
    records::Grant grant;
    if (type == "emailaddress") return refuse_email(options);
    if (type == "uri") {
        if (!contains(group_uris, value))
            return invalid_argument("uri", value, "Invalid group uri");
        grant.set_grantee_kind("uri");
        grant.set_grantee(std::string(value));
        return grant;
    }
    if (type != "id") return malformed();
    auto canonical = resolve_id(value, options);
    if (!canonical) return std::move(canonical).error();
    grant.set_grantee_kind("id");
    grant.set_grantee(std::move(*canonical));
    return grant;
}

Result<base::Unit> parse_grants(std::string_view value, const GrantHeader& header,
                                const Options& options, std::vector<records::Grant>& grants) {
    std::size_t at = 0;
    for (;;) {
        const auto comma = value.find(',', at);
        auto grant = parse_grantee(value.substr(at, comma - at), header.header, value, options);
        if (!grant) return std::move(grant).error();
        grant->set_permission(std::string(header.permission));
        grants.push_back(std::move(*grant));
        if (comma == std::string_view::npos) return base::Unit{};
        at = comma + 1;
    }
}

}  // namespace

Result<AclHeaders> parse_acl_headers(const Request& request, const Options& options) {
    constexpr std::size_t grants_max = 100;  // ACL-08
    AclHeaders acl;
    const auto canned = request.header("x-amz-acl");
    const bool granted =
        std::any_of(grant_headers.begin(), grant_headers.end(),
                    [&](const GrantHeader& g) { return request.header(g.header).has_value(); });
    if (canned && granted)
        return invalid_request("Specifying both Canned ACLs and Header Grants is not allowed");
    if (canned && !contains(object_canned_acls, *canned))
        return invalid_argument("x-amz-acl", *canned);
    acl.canned = canned.value_or("");
    for (const auto& grant : grant_headers) {
        const auto value = request.header(grant.header);
        if (!value) continue;
        auto parsed = parse_grants(*value, grant, options, acl.grants);
        if (!parsed) return std::move(parsed).error();
    }
    if (acl.grants.size() > grants_max)
        return invalid_argument("x-amz-grant", std::nullopt, "At most 100 grants are allowed.");
    return acl;
}

Result<base::Unit> check_acl_allowed(const AclHeaders& acl, const records::Bucket& bucket) {
    const bool full_control_of_owner = acl.grants.size() == 1 &&
                                       acl.grants.front().permission() == "FULL_CONTROL" &&
                                       acl.grants.front().grantee() == bucket.owner();
    const bool nothing = acl.canned.empty() && acl.grants.empty();
    if (nothing || acl.canned == "bucket-owner-full-control" || full_control_of_owner)
        return base::Unit{};
    return S3Error(errors::access_control_list_not_supported);
}

}  // namespace holdfast::s3
