#include "server/s3/multipart.h"
#include "server/s3/object_encryption.h"
#include "server/s3/operations/operations.h"
#include "server/s3/store_body.h"

namespace holdfast::s3 {

namespace {

Result<Payload> begin_payload(Context& context, const records::Upload& upload,
                              PromisedDigests promised) {
    PayloadOptions options;
    options.bytes_max = context.services.options.put_bytes_max;
    options.md5 = true;
    options.checksum = part_algorithm(upload);
    return Payload::begin(context, std::move(promised), options);
}

Response answer(const records::Upload& upload, const Payload& payload) {
    Response response;
    response.set("ETag", "\"" + base::to_hex(payload.md5()) + "\"");
    const bool computed_here = explicit_algorithm(upload) && !payload.verified_checksum();
    const auto& checksum =
        computed_here ? payload.computed_checksum() : payload.verified_checksum();
    if (checksum) response.set(model::header_name(checksum->algorithm), checksum->text());
    set_encryption_headers(upload.properties().encryption(), response);
    return response;
}

}  // namespace

Reply upload_part(Context& context) {
    auto number = parse_part_number(context.request);
    if (!number) co_return std::move(number).error();
    auto promised = parse_promised_digests(context.request);
    if (!promised) co_return std::move(promised).error();
    auto upload = co_await find_upload(context);
    if (!upload) co_return std::move(upload).error();
    if (auto key = check_no_customer_key(context.request); !key) co_return std::move(key).error();
    if (auto fits = check_part_algorithm(upload->record, *promised); !fits)
        co_return std::move(fits).error();
    auto payload = begin_payload(context, upload->record, std::move(*promised));
    if (!payload) co_return std::move(payload).error();

    auto& services = context.services;
    const auto& encryption = upload->record.properties().encryption();
    auto key = services.objects.data_key(context.bucket->id(), context.key(), encryption);
    if (!key) co_return context.error(key.error());
    catalog::BodyWriter::Options options;
    options.kind = storage::BlobKind::part;
    options.plain_bytes = payload->length();
    options.may_inline = false;
    catalog::BodyWriter writer(services.store, *key, options);
    const auto named = upload_key(context);
    auto stored = co_await store_payload(*payload, writer);
    if (!stored) co_return std::move(stored).error();

    catalog::Uploads::PartWrite write;
    write.upload = named;
    write.upload_version = upload->version;
    write.part =
        make_part(context, upload->record, *number, payload->md5(), *payload->computed_checksum());
    auto body = co_await finish_body(writer, *context.bucket,
                                     catalog::part_row(named.key, named.upload_id, number->value()),
                                     write.part.SerializeAsString());
    if (!body) co_return std::move(body).error();
    write.body = std::move(*body);
    auto put = co_await services.uploads.put_part(std::move(write));
    if (!put) co_return context.error(put.error());
    co_return answer(upload->record, *payload);
}

}  // namespace holdfast::s3
