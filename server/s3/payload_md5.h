/// The MD5 of a request's body: on the event loop for small ones, together with other uploads' on
/// the hasher's threads for large ones, while the loop goes on with what else is to do.
///
/// threads: one event loop. source: docs/architecture.md, section 5.
#pragma once

#include <memory>

#include "base/async.h"
#include "base/bytes.h"
#include "storage/checksum/md5_hasher.h"

namespace holdfast::s3 {

class PayloadMd5 {
public:
    explicit PayloadMd5(storage::checksum::Md5Hasher& hasher);

    /// `keep` is what the bytes live in. REQUIRES: settled.
    void update(base::ByteView bytes, std::shared_ptr<const void> keep);
    /// Whether the bytes of the last update may be changed again.
    [[nodiscard]] bool settled() const;
    base::Awaitable<void> settle();
    /// REQUIRES: settled. Call once.
    base::Bytes finish();

private:
    storage::checksum::Md5Hasher* hasher_;
    std::shared_ptr<storage::checksum::Md5Stream> stream_;
    std::shared_ptr<storage::checksum::Md5Hasher::Ticket> ticket_;
};

}  // namespace holdfast::s3
