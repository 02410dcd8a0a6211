#include "server/s3/payload_md5.h"

#include <utility>

#include "base/await_callback.h"
#include "base/result.h"

namespace holdfast::s3 {

using storage::checksum::Md5Hasher;
using storage::checksum::Md5Stream;

namespace {

/// The hasher's thread may still read when the request is gone.
struct Kept {
    std::shared_ptr<Md5Stream> stream;
    std::shared_ptr<const void> bytes;
};

}  // namespace

PayloadMd5::PayloadMd5(Md5Hasher& hasher)
    : hasher_(&hasher), stream_(std::make_shared<Md5Stream>()) {}

void PayloadMd5::update(base::ByteView bytes, std::shared_ptr<const void> keep) {
    if (bytes.size() < Md5Hasher::piece_bytes_min || !Md5Hasher::useful()) {
        stream_->update(bytes);
        return;
    }
    auto kept = std::make_shared<const Kept>(Kept{stream_, std::move(keep)});
    ticket_ = hasher_->add({stream_.get(), bytes}, std::move(kept));
}

bool PayloadMd5::settled() const {
    return ticket_ == nullptr || ticket_->done();
}

base::Awaitable<void> PayloadMd5::settle() {
    const auto ticket = std::exchange(ticket_, nullptr);
    if (ticket == nullptr || ticket->done()) co_return;
    auto start = [&ticket](auto resume) { ticket->when_done([resume] { resume(base::Unit{}); }); };
    co_await base::await_callback<base::Unit>(start);
}

base::Bytes PayloadMd5::finish() {
    const auto digest = stream_->finish();
    return {digest.begin(), digest.end()};
}

}  // namespace holdfast::s3
