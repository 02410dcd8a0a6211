#include "storage/catalog/body_writer.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"

namespace holdfast::storage::catalog {

using crypto::frame_plain_bytes;
using crypto::frame_stored_bytes;

namespace {

constexpr std::size_t frames_in_flight = base::body_buffer_bytes / frame_plain_bytes;

BlobId make_blob_id(base::Random& random) {
    BlobId id;
    random.fill(id);
    return id;
}

}  // namespace

BodyWriter::BodyWriter(Store& store, const crypto::DataKey& key, Options options)
    : store_(store), options_(options), id_(make_blob_id(store.random)), cipher_(key, id_) {}

Async<void> BodyWriter::prepare() {
    const auto total = options_.plain_bytes.value_or(0);
    const bool may_need_no_blob =
        total == 0 || (options_.may_inline && total <= store_.inline_bytes_max);
    if (!may_need_no_blob) co_return co_await start_blob();
    // Rows of small bodies must leave the space that deleting them takes.
    co_return co_await store_.blobs.check_space(total);
}

Async<void> BodyWriter::append(base::ByteView plain) {
    if (!blob_) {
        const auto total = options_.plain_bytes.value_or(pending_.size() + plain.size());
        if (options_.may_inline && total <= store_.inline_bytes_max &&
            pending_.size() + plain.size() <= store_.inline_bytes_max) {
            taken_bytes_ += plain.size();
            pending_.insert(pending_.end(), plain.begin(), plain.end());
            co_return Result<void>{};
        }
        if (plain.empty()) co_return Result<void>{};
        auto started = co_await start_blob();
        if (!started) co_return std::move(started).error();
    }
    co_return co_await take_frames(plain);
}

Async<void> BodyWriter::start_blob() {
    BlobOptions options;
    options.kind = options_.kind;
    options.id = id_;
    options.frame_bytes = frame_stored_bytes;
    if (options_.plain_bytes)
        options.expected_stored_bytes = crypto::stored_bytes(*options_.plain_bytes);
    auto blob = co_await store_.blobs.create(options);
    if (!blob) co_return std::move(blob).error();
    blob_ = std::move(*blob);
    sealed_.reserve(frames_in_flight * frame_stored_bytes);
    co_return Result<void>{};
}

/// Whether a full frame is certainly not the last one.
bool BodyWriter::another_follows(std::uint64_t plain_left) const {
    return plain_left > 0 || (options_.plain_bytes && taken_bytes_ < *options_.plain_bytes);
}

Async<void> BodyWriter::take_frames(base::ByteView plain) {
    while (!plain.empty()) {
        const auto take = std::min(frame_plain_bytes - pending_.size(), plain.size());
        const auto piece = plain.first(take);
        plain = plain.subspan(take);
        taken_bytes_ += take;
        const bool full = pending_.size() + take == frame_plain_bytes;
        if (full && pending_.empty() && another_follows(plain.size())) {
            seal(piece, false);  // straight from the caller's buffer
        } else {
            pending_.insert(pending_.end(), piece.begin(), piece.end());
            if (full && another_follows(plain.size())) {
                seal(pending_, false);
                pending_.clear();
            }
        }
        if (sealed_.size() >= frames_in_flight * frame_stored_bytes) {
            auto flushed = co_await flush();
            if (!flushed) co_return std::move(flushed).error();
        }
    }
    co_return Result<void>{};
}

void BodyWriter::seal(base::ByteView frame, bool last) {
    const auto at = sealed_.size();
    sealed_.resize(at + frame.size() + crypto::frame_tag_bytes);
    cipher_.seal(frames_, last, frame, base::ByteSpan(sealed_).subspan(at));
    ++frames_;
}

Async<void> BodyWriter::flush() {
    auto appended = co_await blob_->append(sealed_);
    sealed_.clear();
    co_return appended;
}

Async<BodyWriter::Finished> BodyWriter::finish(BlobIdentity identity) {
    HF_ASSERT(!options_.plain_bytes || taken_bytes_ == *options_.plain_bytes);
    Finished finished;
    finished.body.set_plain_bytes(taken_bytes_);
    finished.body.set_id(id_.data(), id_.size());
    if (taken_bytes_ > 0) seal(pending_, true);
    if (!blob_) {
        finished.sealed.assign(base::as_text(sealed_));
        co_return finished;
    }
    auto flushed = co_await flush();
    if (!flushed) co_return std::move(flushed).error();
    auto ref = co_await blob_->finish(identity);
    if (!ref) co_return std::move(ref).error();
    to_record(*ref, finished.body.mutable_blob());
    co_return finished;
}

base::Awaitable<void> discard_unless_in_doubt(Store& store, const records::Body& body,
                                              const CatalogError& failure) {
    const bool in_doubt = failure.kind == CatalogError::Kind::storage &&
                          failure.storage.kind == StorageError::Kind::in_doubt;
    if (in_doubt || !body.has_blob()) co_return;
    const auto ref = from_record(body.blob());
    auto released = co_await store.blobs.release(ref);
    if (!released) base::log::warning("blob.not_given_back", {{"detail", released.error().detail}});
}

}  // namespace holdfast::storage::catalog
