#include "model/limits.h"
#include "model/timestamp.h"
#include "server/s3/commit_object.h"
#include "server/s3/conditions.h"
#include "server/s3/copy_body.h"
#include "server/s3/copy_source.h"
#include "server/s3/object_encryption.h"
#include "server/s3/object_properties.h"
#include "server/s3/object_read.h"
#include "server/s3/operations/operations.h"
#include "server/s3/store_body.h"
#include "server/s3/stored_checksum.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

namespace {

struct CopyObjectRequest {
    CopySource source;
    bool replace_metadata = false;
    WriteConditions conditions;
    std::optional<model::ChecksumAlgorithm> algorithm;
    records::Properties properties;  ///< without what the source gives

    static Result<CopyObjectRequest> parse(const Context& context);
};

/// COPY or REPLACE; true for REPLACE.
Result<bool> parse_directive(const Request& request, std::string_view header, std::string message) {
    const auto directive = request.header(header);
    if (!directive || *directive == "COPY") return false;
    if (*directive == "REPLACE") return true;
    return invalid_argument(header, *directive, std::move(message));
}

Result<CopyObjectRequest> CopyObjectRequest::parse(const Context& context) {
    const auto& request = context.request;
    CopyObjectRequest copy;
    auto source = CopySource::parse(request.header("x-amz-copy-source").value_or(""));
    if (!source) return std::move(source).error();
    copy.source = std::move(*source);
    auto metadata =
        parse_directive(request, "x-amz-metadata-directive", "Unknown metadata directive.");
    if (!metadata) return std::move(metadata).error();
    copy.replace_metadata = *metadata;
    auto tagging =
        parse_directive(request, "x-amz-tagging-directive", "Unknown tagging directive.");
    if (!tagging) return std::move(tagging).error();
    auto conditions = parse_write_conditions(request, IfMatchAny::allowed);
    if (!conditions) return std::move(conditions).error();
    copy.conditions = std::move(*conditions);
    if (const auto name = request.header_with_value("x-amz-checksum-algorithm")) {
        copy.algorithm = model::parse_checksum_algorithm(*name);
        if (!copy.algorithm) return unsupported_checksum_algorithm();
    }
    if (request.header("x-amz-copy-source-range"))
        return not_implemented_header("x-amz-copy-source-range");
    const auto& options = context.services.options;
    auto properties = copy.replace_metadata
                          ? parse_properties(request, options, *context.bucket)
                          : parse_copy_properties(request, options, *context.bucket);
    if (!properties) return std::move(properties).error();
    copy.properties = std::move(*properties);
    return copy;
}

/// A copy onto itself has to change something (operations 10, "self copy").
Result<base::Unit> check_self_copy(const Context& context, const CopyObjectRequest& copy) {
    const bool same = copy.source.bucket == context.request.bucket() &&
                      copy.source.key == context.key() && copy.source.version_id.empty();
    const bool changes = copy.replace_metadata || context.request.header("x-amz-storage-class") ||
                         context.request.header("x-amz-website-redirect-location") ||
                         context.request.header("x-amz-server-side-encryption");
    if (!same || changes) return base::Unit{};
    return invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's metadata, storage class, website redirect location or encryption "
        "attributes.");
}

/// The asked-for algorithm, else the source's own, else the default one.
model::ChecksumAlgorithm algorithm_for(const CopyObjectRequest& copy,
                                       const records::Object& source) {
    if (copy.algorithm) return *copy.algorithm;
    return source.has_checksum() ? algorithm_of(source.checksum())
                                 : model::ChecksumAlgorithm::crc64nvme;
}

Response answer(const records::Object& object) {
    XmlWriter xml;
    xml.open_root("CopyObjectResult");
    xml.element("ETag", "\"" + object.etag() + "\"");
    const base::WallTime modified{std::chrono::milliseconds(object.last_modified_ms())};
    xml.element("LastModified", model::to_xml_date(modified));
    write_checksum(object.checksum(), xml);
    xml.close();
    auto response = xml_response(std::move(xml).finish());
    set_encryption_headers(object.properties().encryption(), response);
    return response;
}

Result<base::Unit> check_size(const Context& context, const records::Object& from) {
    const auto bytes_max = context.services.options.put_bytes_max;
    if (from.size() <= bytes_max) return base::Unit{};
    return invalid_request(
        "The specified copy source is larger than the maximum allowable size for a copy source: " +
        std::to_string(bytes_max));
}

records::Object make_object(const Context& context, const CopyObjectRequest& copy,
                            const records::Object& from, records::Encryption encryption) {
    records::Object object;
    *object.mutable_properties() = copy.properties;
    if (!copy.replace_metadata) take_metadata(from.properties(), *object.mutable_properties());
    *object.mutable_properties()->mutable_encryption() = std::move(encryption);
    object.set_last_modified_ms(context.now().time_since_epoch().count());
    object.set_size(from.size());
    return object;
}

/// Everything behind the finding of the source.
Reply copy_from(Context& context, const CopyObjectRequest& copy, const records::Object& from,
                catalog::BodyReader* reader) {
    auto& store = context.services.store;
    auto sealed = make_sse_s3_key(store, context.bucket->id(), context.key());
    auto object = make_object(context, copy, from, std::move(sealed.encryption));
    catalog::BodyWriter::Options options;
    options.kind = storage::BlobKind::object;
    options.plain_bytes = from.size();
    catalog::BodyWriter writer(store, sealed.key, options);
    const auto algorithm = algorithm_for(copy, from);
    auto copied = co_await copy_body(reader, writer, algorithm);
    if (!copied) co_return std::move(copied).error();
    object.set_etag(base::to_hex(copied->md5));
    *object.mutable_checksum() = to_record(copied->checksum, model::ChecksumType::full_object);
    auto body = co_await finish_body(writer, *context.bucket, catalog::object_row(context.key()),
                                     object.SerializeAsString());
    if (!body) co_return std::move(body).error();
    auto response = answer(object);
    auto committed =
        co_await commit_object(context, std::move(object), std::move(*body), copy.conditions);
    if (!committed) co_return std::move(committed).error();
    co_return response;
}

}  // namespace

Reply copy_object(Context& context) {
    auto copy = CopyObjectRequest::parse(context);
    if (!copy) co_return std::move(copy).error();
    auto may = co_await check_beforehand(context, copy->conditions);
    if (!may) co_return std::move(may).error();
    for (int attempt = 0; attempt < read_attempts_max; ++attempt) {
        auto source = co_await open_source(context, copy->source);
        if (!source) co_return std::move(source).error();
        const auto& from = source->object.record;
        if (auto size = check_size(context, from); !size) co_return std::move(size).error();
        if (auto allowed = check_self_copy(context, *copy); !allowed)
            co_return std::move(allowed).error();
        if (from.size() == 0) co_return co_await copy_from(context, *copy, from, nullptr);
        auto reader = co_await read_source(context, copy->source, *source, 0, from.size());
        if (!reader) co_return std::move(reader).error();
        if (*reader) co_return co_await copy_from(context, *copy, from, &**reader);
    }
    co_return slow_down("the source is replaced faster than it is read");
}

}  // namespace holdfast::s3
