#include "server/s3/copy_body.h"

#include "base/failpoint.h"
#include "storage/checksum/digest.h"

namespace holdfast::s3 {

base::Awaitable<Result<CopiedDigests>> copy_body(catalog::BodyReader* reader,
                                                 catalog::BodyWriter& writer,
                                                 model::ChecksumAlgorithm algorithm) {
    auto md5 = storage::checksum::make_digest(model::ChecksumAlgorithm::md5);
    auto checksum = storage::checksum::make_digest(algorithm);
    CopiedDigests copied;
    auto prepared = co_await writer.prepare();
    if (!prepared) co_return from_storage(prepared.error());
    while (reader != nullptr) {
        auto bytes = co_await reader->next();
        if (!bytes) co_return from_storage(bytes.error());
        if (bytes->empty()) break;
        HF_FAILPOINT("copy.mid");
        copied.bytes += bytes->size();
        md5->update(*bytes);
        checksum->update(*bytes);
        auto appended = co_await writer.append(*bytes);
        if (!appended) co_return from_storage(appended.error());
    }
    copied.md5 = md5->finish();
    copied.checksum = {algorithm, checksum->finish()};
    co_return copied;
}

}  // namespace holdfast::s3
