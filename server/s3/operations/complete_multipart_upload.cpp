#include "model/limits.h"
#include "model/uri.h"
#include "server/s3/completion_request.h"
#include "server/s3/completion_rules.h"
#include "server/s3/multipart.h"
#include "server/s3/object_encryption.h"
#include "server/s3/operations/operations.h"
#include "server/s3/payload.h"
#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

namespace {

/// CPL-46: as the client addressed it; AWS writes "/" as %2F and a space as "+".
std::string location(const Context& context) {
    const auto& request = context.request;
    std::string url = context.exchange.peer().tls ? "https://" : "http://";
    url.append(request.header("host").value_or(""));
    if (!request.virtual_hosted()) url.append("/").append(context.bucket->name());
    url.append("/");
    auto key = model::percent_encode(context.key());
    for (auto at = key.find("%20"); at != std::string::npos; at = key.find("%20", at))
        key.replace(at, 3, "+");
    return url.append(key);
}

Response answer(const Context& context, const std::string& etag,
                const std::optional<records::Checksum>& checksum) {
    XmlWriter xml;
    xml.open_root("CompleteMultipartUploadResult");
    xml.element("Location", location(context));
    xml.element("Bucket", context.bucket->name());
    xml.element("Key", context.key());
    xml.element("ETag", "\"" + etag + "\"");
    if (checksum) write_checksum(*checksum, xml);
    xml.close();
    auto response = xml_response(std::move(xml).finish());
    records::Encryption encryption;
    encryption.set_kind(records::Encryption::SSE_S3);
    set_encryption_headers(encryption, response);
    return response;
}

/// CPL-50: an upload that is gone, but whose completion by the same list is remembered, answers as
/// it did then.
Reply answer_again(Context& context, const CompletionRequest& request) {
    const auto upload = upload_key(context);
    auto ended = co_await context.services.uploads.ended(upload);
    if (!ended) co_return context.error(ended.error());
    const bool same = *ended && (*ended)->completed() &&
                      (*ended)->part_list_digest() == request.part_list_digest();
    if (!same) co_return no_such_upload(upload.upload_id);
    std::optional<records::Checksum> checksum;
    if ((*ended)->has_checksum()) checksum = (*ended)->checksum();
    co_return answer(context, (*ended)->etag(), checksum);
}

CompletionRules rules_of(const Options& options) {
    CompletionRules rules;
    rules.duplicates_last_wins = options.duplicate_parts_last_wins;
    rules.part_bytes_min = options.part_bytes_min;
    rules.object_bytes_max = options.object_bytes_max;
    return rules;
}

Reply complete(Context& context, const CompletionRequest& request,
               const WriteConditions& conditions) {
    const auto rules = rules_of(context.services.options);
    std::optional<S3Error> refusal;
    catalog::CompletionPlan planned;
    catalog::Uploads::Completion completion;
    const auto named = upload_key(context);
    completion.upload = named;
    completion.bucket = context.bucket->name();
    completion.part_list_digest = request.part_list_digest();
    completion.decide =
        [&](const catalog::FoundUpload& upload, const std::vector<records::Part>& parts,
            const catalog::FoundObject* current) -> std::optional<catalog::CompletionPlan> {
        auto may = check_completion_conditions(conditions, upload, current, context.key());
        if (!may) {
            refusal = std::move(may).error();
            return std::nullopt;
        }
        auto plan = plan_completion(rules, request, named.upload_id, upload.record, parts);
        if (!plan) {
            refusal = std::move(plan).error();
            return std::nullopt;
        }
        planned = *plan;
        return std::move(*plan);
    };
    auto done = co_await context.services.uploads.complete(std::move(completion));
    if (done) co_return answer(context, planned.etag, planned.checksum);
    // Lost to another Complete or to an Abort (RACE-03, RACE-04).
    if (done.error().kind == catalog::CatalogError::Kind::no_such_upload)
        co_return co_await answer_again(context, request);
    if (done.error().kind == catalog::CatalogError::Kind::refused && refusal)
        co_return std::move(*refusal);
    co_return context.error(done.error());
}

}  // namespace

Reply complete_multipart_upload(Context& context) {
    auto document = co_await read_document(context, model::complete_body_bytes_max,
                                           Integrity::content_md5_only);
    if (!document) co_return std::move(document).error();
    auto request = CompletionRequest::parse(context.request, *document);
    if (!request) co_return std::move(request).error();
    auto upload = co_await find_upload(context);
    if (!upload) {
        if (upload.error().spec == &errors::no_such_upload)
            co_return co_await answer_again(context, *request);
        co_return std::move(upload).error();
    }
    if (auto key = check_no_customer_key(context.request); !key) co_return std::move(key).error();
    auto conditions = parse_write_conditions(context.request, IfMatchAny::refused);
    if (!conditions) co_return std::move(conditions).error();
    co_return co_await complete(context, *request, *conditions);
}

}  // namespace holdfast::s3
