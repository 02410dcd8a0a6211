// A request's target and host: what is decoded is sound, whatever was sent, and routing decides.
#include <cstdlib>

#include "model/names.h"
#include "server/s3/operation.h"
#include "server/s3/request_checks.h"

using namespace holdfast;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_names(const s3::Request& request) {
    const bool has_bucket = request.level() != s3::Level::service;
    require(has_bucket == !request.bucket().empty());
    require(!has_bucket || model::BucketName::parse(request.bucket()).has_value());
    const bool has_key = request.level() == s3::Level::object;
    require(has_key == !request.key().empty());
    require(!has_key || model::ObjectKey::parse(request.key()).has_value());
}

void check_route(const s3::Request& request) {
    const auto row = s3::route(request);
    if (!row) {
        require(row.error().spec->status >= 400);
        return;
    }
    require((*row)->method == request.method());
    require((*row)->level == request.level());
}

}  // namespace

// First line: the method; second: the host; third: the target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = base::as_text(base::ByteView(data, size));
    const auto first = text.find('\n');
    const auto second = first == text.npos ? text.npos : text.find('\n', first + 1);
    if (second == text.npos) return 0;
    http::RequestHead head;
    head.method = text.substr(0, first);
    head.headers.emplace_back("host", text.substr(first + 1, second - first - 1));
    head.target = text.substr(second + 1);

    const auto request = s3::Request::parse(head, {"example.com", "s3.example.com"});
    if (!request) return 0;
    check_names(*request);
    check_route(*request);
    (void)s3::check_header_values(*request);
    (void)s3::check_version_id(*request);
    (void)s3::parse_page_size(*request, "max-keys", "");
    return 0;
}
