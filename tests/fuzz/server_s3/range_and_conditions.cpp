// Range, If-* and checksum headers: a decision is always within the object, and never an accident.
#include <cstdlib>

#include "server/s3/byte_range.h"
#include "server/s3/checksum_headers.h"
#include "server/s3/conditions.h"
#include "server/s3/delete_conditions.h"
#include "tests/fuzz/server_s3/header_lines.h"

using namespace holdfast;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_range(std::string_view header, std::uint64_t size) {
    const auto decision = s3::decide_range(header, size);
    if (decision.kind != s3::RangeKind::part) return;
    require(decision.range.length > 0);
    require(decision.range.first < size);
    require(decision.range.length <= size - decision.range.first);
}

void check_conditions(const s3::Request& request) {
    const base::WallTime now{std::chrono::milliseconds(1'795'514'400'000)};
    for (const char* prefix : {"", "x-amz-copy-source-"}) {
        const auto conditions = s3::ReadConditions::parse(request, prefix, now);
        const auto outcome = s3::evaluate(conditions, "abc", now);
        require((outcome.result == s3::ConditionResult::passed) == outcome.condition.empty());
    }
    s3::catalog::FoundObject object;
    object.record.set_etag("abc");
    if (const auto write = s3::parse_write_conditions(request, s3::IfMatchAny::allowed)) {
        (void)s3::check(*write, &object, "key");
        // Without an object only If-Match fails.
        const bool fits_absence = !write->any() || write->if_none_match;
        require(s3::check(*write, nullptr, "key").has_value() == fits_absence);
    }
    if (const auto deletion = s3::DeleteConditions::parse(request))
        (void)deletion->check(&object, "key");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = base::as_text(base::ByteView(data, size));
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100},
                                      std::uint64_t{53'687'091'200'000}})
        check_range(text, bytes);
    const auto head = fuzz::head_of_lines(text);
    const auto request = s3::Request::parse(head, {});
    check_conditions(*request);
    if (const auto promised = s3::parse_promised_digests(*request))
        require(!promised->checksum || !promised->in_trailer);
    return 0;
}
