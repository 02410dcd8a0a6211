/// What the operations on an unfinished upload share. source: spec multipart 3, 5.1, 5.8, 11, 12.
/// threads: one event loop.
#pragma once

#include <optional>
#include <string>

#include "model/checksum.h"
#include "model/names.h"
#include "server/s3/checksum_headers.h"
#include "server/s3/context.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

/// partNumber of the query. errors: InvalidArgument (UP-01).
Result<model::PartNumber> parse_part_number(const Request& request);

/// The upload the request names, whether there is one or not.
catalog::UploadKey upload_key(const Context& context);

/// errors: NoSuchUpload, also for an id that no upload can have (ORD-10, RT-15, GEN-07).
base::Awaitable<Result<catalog::FoundUpload>> find_upload(Context& context);

/// What Create was asked for; nothing for the hidden default.
std::optional<model::ChecksumAlgorithm> explicit_algorithm(const records::Upload& upload);
model::ChecksumType checksum_type(const records::Upload& upload);

/// The digest every part gets: the upload's, or the hidden default's (CK-12).
model::ChecksumAlgorithm part_algorithm(const records::Upload& upload);

/// What a part says against what its upload says (CK-25 to CK-28). errors: InvalidRequest.
Result<base::Unit> check_part_algorithm(const records::Upload& upload,
                                        const PromisedDigests& promised);

/// Customer keys on a part of an upload that has none (ENC-42). errors: InvalidRequest.
Result<base::Unit> check_no_customer_key(const Request& request);

/// A part's record but for its body.
records::Part make_part(const Context& context, const records::Upload& upload,
                        model::PartNumber number, const base::Bytes& md5,
                        const model::Checksum& checksum);

/// Initiator, Owner and StorageClass elements (LP-04, LP-07).
void write_upload_owner(const Context& context, const records::Upload& upload, XmlWriter& xml);

/// ChecksumAlgorithm and ChecksumType elements of an explicit algorithm (LP-06).
void write_upload_checksum(const records::Upload& upload, XmlWriter& xml);

}  // namespace holdfast::s3
