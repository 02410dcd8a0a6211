#include "model/timestamp.h"
#include "server/s3/copy_body.h"
#include "server/s3/copy_source.h"
#include "server/s3/multipart.h"
#include "server/s3/object_encryption.h"
#include "server/s3/object_read.h"
#include "server/s3/operations/operations.h"
#include "server/s3/request_checks.h"
#include "server/s3/store_body.h"
#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

namespace {

constexpr std::string_view range_header = "x-amz-copy-source-range";

struct Slice {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

struct RangeText {
    std::string text;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// Exactly bytes=first-last (UPC-05).
Result<std::optional<RangeText>> parse_range(const Request& request) {
    const auto header = request.header(range_header);
    if (!header) return std::optional<RangeText>{};
    constexpr std::string_view unit = "bytes=";
    const auto text = header->substr(std::min(unit.size(), header->size()));
    const auto dash = text.find('-');
    const auto first = parse_decimal(text.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? std::nullopt : parse_decimal(text.substr(dash + 1));
    if (header->substr(0, unit.size()) != unit || !first || !last || *first > *last)
        return invalid_argument(
            range_header, *header,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy");
    return std::optional(RangeText{std::string(*header), *first, *last});
}

/// UPC-06, UPC-07, UPC-09.
Result<Slice> resolve(const std::optional<RangeText>& range, std::uint64_t size,
                      std::uint64_t bytes_max) {
    Slice slice{0, size};
    if (range) {
        if (range->first >= size)
            return invalid_request(
                "The specified copy range is invalid for the source object size");
        if (range->last >= size)
            return invalid_argument(
                range_header, range->text,
                "Range specified is not valid for source object of size: " + std::to_string(size));
        slice = {range->first, range->last - range->first + 1};
    }
    if (slice.length > bytes_max)
        return invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy "
            "source: " +
            std::to_string(bytes_max));
    return slice;
}

Response answer(const records::Upload& upload, const records::Part& part) {
    XmlWriter xml;
    xml.open_root("CopyPartResult");
    const base::WallTime modified{std::chrono::milliseconds(part.last_modified_ms())};
    xml.element("LastModified", model::to_xml_date(modified));
    xml.element("ETag", "\"" + base::to_hex(base::as_bytes(part.md5())) + "\"");
    if (part.has_checksum())
        xml.element(checksum_element(algorithm_of(part.checksum())), digest_text(part.checksum()));
    xml.close();
    auto response = xml_response(std::move(xml).finish());
    set_encryption_headers(upload.properties().encryption(), response);
    return response;
}

/// Everything behind the finding of the source. `reader` null: an empty slice.
Reply copy_part(Context& context, const catalog::FoundUpload& upload, model::PartNumber number,
                Slice slice, catalog::BodyReader* reader) {
    auto& services = context.services;
    const auto& encryption = upload.record.properties().encryption();
    auto key = services.objects.data_key(context.bucket->id(), context.key(), encryption);
    if (!key) co_return context.error(key.error());
    catalog::BodyWriter::Options options;
    options.kind = storage::BlobKind::part;
    options.plain_bytes = slice.length;
    options.may_inline = false;
    catalog::BodyWriter writer(services.store, *key, options);
    auto copied = co_await copy_body(reader, writer, part_algorithm(upload.record));
    if (!copied) co_return std::move(copied).error();

    catalog::Uploads::PartWrite write;
    write.upload = upload_key(context);
    write.upload_version = upload.version;
    write.part = make_part(context, upload.record, number, copied->md5, copied->checksum);
    const auto& named = write.upload;
    auto row = catalog::part_row(named.key, named.upload_id, number.value());
    auto body = co_await finish_body(writer, *context.bucket, std::move(row),
                                     write.part.SerializeAsString());
    if (!body) co_return std::move(body).error();
    write.body = std::move(*body);
    auto response = answer(upload.record, write.part);
    auto put = co_await services.uploads.put_part(std::move(write));
    if (!put) co_return context.error(put.error());
    co_return response;
}

}  // namespace

Reply upload_part_copy(Context& context) {
    auto number = parse_part_number(context.request);
    if (!number) co_return std::move(number).error();
    auto source = CopySource::parse(context.request.header("x-amz-copy-source").value_or(""));
    if (!source) co_return std::move(source).error();
    auto range = parse_range(context.request);
    if (!range) co_return std::move(range).error();
    auto upload = co_await find_upload(context);
    if (!upload) co_return std::move(upload).error();
    if (auto key = check_no_customer_key(context.request); !key) co_return std::move(key).error();
    for (int attempt = 0; attempt < read_attempts_max; ++attempt) {
        auto opened = co_await open_source(context, *source);
        if (!opened) co_return std::move(opened).error();
        auto slice =
            resolve(*range, opened->object.record.size(), context.services.options.put_bytes_max);
        if (!slice) co_return std::move(slice).error();
        if (slice->length == 0)
            co_return co_await copy_part(context, *upload, *number, *slice, nullptr);
        auto reader = co_await read_source(context, *source, *opened, slice->first, slice->length);
        if (!reader) co_return std::move(reader).error();
        if (*reader) co_return co_await copy_part(context, *upload, *number, *slice, &**reader);
    }
    co_return slow_down("the source is replaced faster than it is read");
}

}  // namespace holdfast::s3
