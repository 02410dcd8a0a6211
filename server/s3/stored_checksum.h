/// Checksums between records, headers and XML. source: spec multipart 5.8, GP-08, GP-09. threads:
/// any.
#pragma once

#include <string>

#include "model/checksum.h"
#include "server/s3/context.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

/// `parts`: N of a composite, 0 otherwise.
records::Checksum to_record(const model::Checksum& checksum, model::ChecksumType type,
                            std::uint32_t parts = 0);

model::ChecksumAlgorithm algorithm_of(const records::Checksum& checksum);
model::ChecksumType type_of(const records::Checksum& checksum);

/// Base64 of the digest, and with "-N" when it is the composite of parts.
std::string digest_text(const records::Checksum& checksum);
std::string checksum_text(const records::Checksum& checksum);

/// "ChecksumCRC64NVME".
std::string checksum_element(model::ChecksumAlgorithm algorithm);

/// x-amz-checksum-<algo> and x-amz-checksum-type.
void set_checksum_headers(const records::Checksum& checksum, Response& response);

/// Checksum<ALGO> and ChecksumType elements.
void write_checksum(const records::Checksum& checksum, XmlWriter& xml);

}  // namespace holdfast::s3
