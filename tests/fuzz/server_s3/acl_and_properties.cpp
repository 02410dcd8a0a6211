// ACL, encryption and property headers: what is accepted can be said again in an answer.
#include <cstdlib>

#include "model/storage_class.h"
#include "server/s3/acl_headers.h"
#include "server/s3/object_encryption.h"
#include "server/s3/object_properties.h"
#include "server/s3/request_checks.h"
#include "tests/fuzz/server_s3/header_lines.h"

using namespace holdfast;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

s3::Options a_server() {
    s3::Options options;
    options.root.account_id = "123456789012";
    options.root.canonical_id = std::string(64, 'c');
    return options;
}

void check_properties(const s3::Request& request, const s3::Options& options) {
    s3::records::Bucket bucket;
    bucket.set_owner(options.root.canonical_id);
    const auto properties = s3::parse_properties(request, options, bucket);
    if (!properties) return;
    require(model::is_storage_class(properties->storage_class()));
    require(properties->owner() == bucket.owner());
    s3::Response response;
    s3::set_property_headers(*properties, response);
    for (const auto& [name, value] : response.headers) require(s3::is_header_safe(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const s3::Options options = a_server();
    const auto head = fuzz::head_of_lines(base::as_text(base::ByteView(data, size)));
    const auto request = s3::Request::parse(head, {});
    if (!s3::check_header_values(*request)) return 0;
    if (const auto acl = s3::parse_acl_headers(*request, options))
        for (const auto& grant : acl->grants) require(!grant.grantee().empty());
    (void)s3::check_no_encryption_headers(*request);
    check_properties(*request, options);
    return 0;
}
