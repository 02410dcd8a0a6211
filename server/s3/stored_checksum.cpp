#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

records::Checksum to_record(const model::Checksum& checksum, model::ChecksumType type,
                            std::uint32_t parts) {
    records::Checksum record;
    record.set_algorithm(static_cast<std::uint32_t>(checksum.algorithm));
    record.set_digest(checksum.digest.data(), checksum.digest.size());
    record.set_type(static_cast<std::uint32_t>(type));
    record.set_parts(parts);
    return record;
}

model::ChecksumAlgorithm algorithm_of(const records::Checksum& checksum) {
    return static_cast<model::ChecksumAlgorithm>(checksum.algorithm());
}

model::ChecksumType type_of(const records::Checksum& checksum) {
    return static_cast<model::ChecksumType>(checksum.type());
}

std::string digest_text(const records::Checksum& checksum) {
    return base::to_base64(base::as_bytes(checksum.digest()));
}

std::string checksum_text(const records::Checksum& checksum) {
    auto text = digest_text(checksum);
    if (checksum.parts() > 0) text.append("-").append(std::to_string(checksum.parts()));
    return text;
}

std::string checksum_element(model::ChecksumAlgorithm algorithm) {
    return std::string("Checksum").append(model::name(algorithm));
}

void set_checksum_headers(const records::Checksum& checksum, Response& response) {
    response.set(model::header_name(algorithm_of(checksum)), checksum_text(checksum));
    response.set("x-amz-checksum-type", std::string(model::name(type_of(checksum))));
}

void write_checksum(const records::Checksum& checksum, XmlWriter& xml) {
    xml.element(checksum_element(algorithm_of(checksum)), checksum_text(checksum));
    xml.element("ChecksumType", model::name(type_of(checksum)));
}

}  // namespace holdfast::s3
