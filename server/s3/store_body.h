/// A request's payload on its way into storage. threads: one event loop.
#pragma once

#include "server/s3/payload.h"
#include "storage/catalog/body_writer.h"

namespace holdfast::s3 {

/// Reads, verifies and hands over the whole payload. Space is reserved before the first byte is
/// asked for, so that a full disk is told before the client sends.
base::Awaitable<Result<base::Unit>> store_payload(Payload& payload, catalog::BodyWriter& writer);

/// The last step: what is in a blob is durable when it returns. `record` is what the commit is
/// about to write, so that the index can be rebuilt from blobs alone (see storage::BlobIdentity).
base::Awaitable<Result<catalog::BodyWriter::Finished>> finish_body(
    catalog::BodyWriter& writer, const catalog::records::Bucket& bucket, std::string row_key,
    std::string record);

}  // namespace holdfast::s3
