#include "server/s3/acl_headers.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

const std::string owner(64, 'c');
const std::string all_users = "http://acs.amazonaws.com/groups/global/AllUsers";

Options options_in(std::string region = "us-east-1") {
    Options options;
    options.region = std::move(region);
    options.root.account_id = "123456789012";
    options.root.canonical_id = owner;
    return options;
}

Result<AclHeaders> parsed(HeaderList headers) {
    return parse_acl_headers(with_headers(headers), options_in());
}

std::string allowed(HeaderList headers) {
    records::Bucket bucket;
    bucket.set_owner(owner);
    const auto acl = parsed(headers);
    REQUIRE(acl);
    return code_of(check_acl_allowed(*acl, bucket));
}

}  // namespace

TEST_CASE("ACL headers: the canned ones and no others (ACL-01)", "[s3][acl]") {
    for (const char* name : {"private", "public-read", "public-read-write", "authenticated-read",
                             "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control"}) {
        const auto acl = parsed({{"x-amz-acl", name}});
        REQUIRE(acl);
        CHECK(acl->canned == name);
    }
    for (const char* name : {"", "Private", "log-delivery-write", "private "}) {
        const auto refused = parsed({{"x-amz-acl", name}});
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused).empty());
        CHECK(field(refused, "ArgumentName") == "x-amz-acl");
        CHECK(field(refused, "ArgumentValue") == name);
    }
}

TEST_CASE("ACL headers: canned or explicit, not both (ACL-02)", "[s3][acl]") {
    const auto refused = parsed({{"x-amz-acl", "private"}, {"x-amz-grant-read", "nonsense"}});
    CHECK(code_of(refused) == "InvalidRequest");
    CHECK(message_of(refused) == "Specifying both Canned ACLs and Header Grants is not allowed");
}

TEST_CASE("ACL headers: five headers, five permissions (ACL-03)", "[s3][acl]") {
    const auto acl = parsed({{"x-amz-grant-full-control", "id=" + owner},
                             {"x-amz-grant-read", "id=" + owner},
                             {"x-amz-grant-write", "id=" + owner},
                             {"x-amz-grant-read-acp", "id=" + owner},
                             {"x-amz-grant-write-acp", "id=" + owner}});
    REQUIRE(acl);
    std::vector<std::string> permissions;
    for (const auto& grant : acl->grants) permissions.push_back(grant.permission());
    CHECK(permissions ==
          std::vector<std::string>{"READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"});
}

TEST_CASE("ACL headers: a list of type=value with quotes and spaces (ACL-04)", "[s3][acl]") {
    const auto acl = parsed({{"x-amz-grant-read", "id=\"" + owner + "\" , URI = \"" + all_users +
                                                      "\",Id=123456789012"}});
    REQUIRE(acl);
    REQUIRE(acl->grants.size() == 3);
    CHECK(acl->grants[0].grantee() == owner);
    CHECK(acl->grants[1].grantee_kind() == "uri");
    CHECK(acl->grants[1].grantee() == all_users);
    CHECK(acl->grants[2].grantee() == owner);
    const std::string ends_in_comma = "id=" + owner + ",";
    for (const auto& value : {std::string(), std::string("nonsense"), std::string("id"),
                              std::string("name=x"), std::string("=x"), ends_in_comma}) {
        const auto refused = parsed({{"x-amz-grant-write-acp", value}});
        INFO(value);
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused) == "Argument format not recognized");
        CHECK(field(refused, "ArgumentName") == "x-amz-grant-write-acp");
        CHECK(field(refused, "ArgumentValue") == value);
    }
}

TEST_CASE("ACL headers: an unknown id (ACL-05)", "[s3][acl]") {
    const auto refused = parsed({{"x-amz-grant-read", "id=\"nobody\""}});
    CHECK(code_of(refused) == "InvalidArgument");
    CHECK(message_of(refused) == "Invalid id");
    CHECK(field(refused, "ArgumentName") == "id");
    CHECK(field(refused, "ArgumentValue") == "nobody");
}

TEST_CASE("ACL headers: three groups (ACL-06)", "[s3][acl]") {
    for (const std::string uri :
         {all_users.c_str(), "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
          "http://acs.amazonaws.com/groups/s3/LogDelivery"})
        CHECK(parsed({{"x-amz-grant-read", "uri=" + uri}}).has_value());
    const auto refused = parsed({{"x-amz-grant-read", "uri=http://example.com/group"}});
    CHECK(message_of(refused) == "Invalid group uri");
    CHECK(field(refused, "ArgumentName") == "uri");
    CHECK(field(refused, "ArgumentValue") == "http://example.com/group");
}

TEST_CASE("ACL headers: e-mail grantees by region (ACL-07)", "[s3][acl]") {
    const auto request = with_headers({{"x-amz-grant-read", "emailAddress=\"a@example.com\""}});
    for (const char* region : {"us-east-1", "us-west-1", "us-west-2", "ap-southeast-1",
                               "ap-southeast-2", "ap-northeast-1", "eu-west-1", "sa-east-1"})
        CHECK(code_of(parse_acl_headers(request, options_in(region))) ==
              "UnresolvableGrantByEmailAddress");
    CHECK(code_of(parse_acl_headers(request, options_in("eu-central-1"))) == "MethodNotAllowed");
}

TEST_CASE("ACL headers: at most 100 grants (ACL-08)", "[s3][acl]") {
    std::string list = "id=" + owner;
    for (int i = 1; i < 100; ++i) list += ",id=" + owner;
    CHECK(parsed({{"x-amz-grant-read", list}}).has_value());
    CHECK(code_of(parsed({{"x-amz-grant-read", list}, {"x-amz-grant-write", "id=" + owner}})) ==
          "InvalidArgument");
}

TEST_CASE("ACL headers: a bucket without ACLs takes the owner's full control only (ACL-09)",
          "[s3][acl]") {
    CHECK(allowed({}).empty());
    CHECK(allowed({{"x-amz-acl", "bucket-owner-full-control"}}).empty());
    CHECK(allowed({{"x-amz-grant-full-control", "id=" + owner}}).empty());
    for (const char* canned : {"private", "public-read", "bucket-owner-read"})
        CHECK(allowed({{"x-amz-acl", canned}}) == "AccessControlListNotSupported");
    CHECK(allowed({{"x-amz-grant-read", "id=" + owner}}) == "AccessControlListNotSupported");
    CHECK(allowed({{"x-amz-grant-full-control", "id=" + owner + ",uri=" + all_users}}) ==
          "AccessControlListNotSupported");
}
