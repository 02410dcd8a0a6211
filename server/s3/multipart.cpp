#include "server/s3/multipart.h"

#include "server/s3/object_listing.h"
#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

Result<model::PartNumber> parse_part_number(const Request& request) {
    const auto text = request.query("partNumber").value_or("");
    const auto number = model::PartNumber::parse(text);
    if (number) return *number;
    return invalid_argument("partNumber", text,
                            "Part number must be an integer between 1 and 10000, inclusive");
}

catalog::UploadKey upload_key(const Context& context) {
    catalog::UploadKey upload;
    upload.bucket_id = context.bucket->id();
    upload.key = context.key();
    upload.upload_id = context.request.query("uploadId").value_or("");
    return upload;
}

base::Awaitable<Result<catalog::FoundUpload>> find_upload(Context& context) {
    const auto upload = upload_key(context);
    if (!model::UploadId::parse(upload.upload_id)) co_return no_such_upload(upload.upload_id);
    auto found = co_await context.services.uploads.find(upload);
    if (!found) co_return context.error(found.error());
    co_return std::move(*found);
}

std::optional<model::ChecksumAlgorithm> explicit_algorithm(const records::Upload& upload) {
    if (upload.checksum_algorithm() == 0) return std::nullopt;
    return static_cast<model::ChecksumAlgorithm>(upload.checksum_algorithm());
}

model::ChecksumType checksum_type(const records::Upload& upload) {
    if (upload.checksum_algorithm() == 0) return model::ChecksumType::full_object;
    return static_cast<model::ChecksumType>(upload.checksum_type());
}

model::ChecksumAlgorithm part_algorithm(const records::Upload& upload) {
    return explicit_algorithm(upload).value_or(model::ChecksumAlgorithm::crc64nvme);
}

Result<base::Unit> check_part_algorithm(const records::Upload& upload,
                                        const PromisedDigests& promised) {
    const auto expected = explicit_algorithm(upload);
    const auto actual = promised.algorithm();
    if (!expected || actual == expected) return base::Unit{};
    // The value of a FULL_OBJECT upload's part can be worked out here (CK-27).
    if (!actual && checksum_type(upload) == model::ChecksumType::full_object) return base::Unit{};
    std::string message = "Checksum Type mismatch occurred, expected checksum Type: ";
    message.append(model::lower_name(*expected)).append(", actual checksum Type: ");
    message.append(actual ? model::lower_name(*actual) : "null");
    return invalid_request(std::move(message));
}

Result<base::Unit> check_no_customer_key(const Request& request) {
    constexpr std::string_view prefix = "x-amz-server-side-encryption-customer-";
    bool found = false;
    request.for_each_header([&](std::string_view name, std::string_view) {
        found = found || name.substr(0, prefix.size()) == prefix;
    });
    if (!found) return base::Unit{};
    return invalid_request(
        "The multipart upload initiate requested encryption. Subsequent part requests must "
        "include the appropriate encryption parameters.");
}

records::Part make_part(const Context& context, const records::Upload& upload,
                        model::PartNumber number, const base::Bytes& md5,
                        const model::Checksum& checksum) {
    records::Part part;
    part.set_number(number.value());
    part.set_md5(md5.data(), md5.size());
    part.set_last_modified_ms(context.now().time_since_epoch().count());
    if (explicit_algorithm(upload))
        *part.mutable_checksum() = to_record(checksum, checksum_type(upload));
    else
        part.set_crc64nvme(checksum.digest.data(), checksum.digest.size());
    return part;
}

void write_upload_owner(const Context& context, const records::Upload& upload, XmlWriter& xml) {
    xml.open("Initiator");
    xml.element("ID", upload.initiator_id());
    xml.element("DisplayName", upload.initiator_name());
    xml.close();
    write_owner(context, upload.properties().owner(), xml);
    xml.element("StorageClass", upload.properties().storage_class());
}

void write_upload_checksum(const records::Upload& upload, XmlWriter& xml) {
    const auto algorithm = explicit_algorithm(upload);
    if (!algorithm) return;
    xml.element("ChecksumAlgorithm", model::name(*algorithm));
    xml.element("ChecksumType", model::name(checksum_type(upload)));
}

}  // namespace holdfast::s3
