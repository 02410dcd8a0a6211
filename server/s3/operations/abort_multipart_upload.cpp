#include "model/timestamp.h"
#include "server/s3/multipart.h"
#include "server/s3/operations/operations.h"

namespace holdfast::s3 {

namespace {

/// ABT-06. A date in the future or one that cannot be read counts as absent.
std::optional<base::WallTime> expected_initiation(const Context& context) {
    const auto header = context.request.header("x-amz-if-match-initiated-time");
    const auto date = header ? model::parse_header_date(*header) : std::nullopt;
    if (!date || *date > context.now()) return std::nullopt;
    return date;
}

base::Awaitable<Result<base::Unit>> check_initiation(Context& context) {
    const auto expected = expected_initiation(context);
    if (!expected) co_return base::Unit{};
    auto upload = co_await find_upload(context);
    if (!upload) {
        // Whether it ended lately is for the abort itself to say (ABT-03).
        if (upload.error().spec == &errors::no_such_upload) co_return base::Unit{};
        co_return std::move(upload).error();
    }
    const base::WallTime initiated{std::chrono::milliseconds(upload->record.initiated_ms())};
    using std::chrono::floor;
    using std::chrono::seconds;
    if (floor<seconds>(initiated) == floor<seconds>(*expected)) co_return base::Unit{};
    co_return precondition_failed("If-Match-Initiated-Time");
}

}  // namespace

Reply abort_multipart_upload(Context& context) {
    const auto upload = upload_key(context);
    if (!model::UploadId::parse(upload.upload_id)) co_return no_such_upload(upload.upload_id);
    auto checked = co_await check_initiation(context);
    if (!checked) co_return std::move(checked).error();
    auto aborted = co_await context.services.uploads.abort(upload);
    if (!aborted) co_return context.error(aborted.error());
    Response response;
    response.status = 204;
    co_return response;
}

}  // namespace holdfast::s3
