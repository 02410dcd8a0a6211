#include "tests/unit/storage/catalog/doubles.h"

#include <utility>

namespace holdfast::test {

using storage::Async;
using storage::Result;

Async<std::vector<std::optional<storage::Row>>> WatchedRows::get(
    const storage::Partition& partition, std::vector<storage::RowKey> keys) {
    ++counts_.gets;
    auto found = co_await rows_->get(partition, std::move(keys));
    if (auto hook = std::exchange(after_get, nullptr)) co_await hook();
    co_return found;
}

Async<storage::ScanPage> WatchedRows::scan(const storage::Partition& partition,
                                           storage::ScanRange range) {
    ++counts_.scans;
    if (on_scan) on_scan();
    auto page = co_await rows_->scan(partition, std::move(range));
    if (page) counts_.rows_scanned += page->rows.size();
    co_return page;
}

Async<storage::RowVersion> WatchedRows::commit(const storage::Partition& partition,
                                               storage::Transaction transaction) {
    ++counts_.commits;
    if (auto hook = std::exchange(before_commit, nullptr)) co_await hook();
    if (fails && fails(transaction)) {
        if (applied_when_failing) {
            auto applied = co_await rows_->commit(partition, std::move(transaction));
            if (!applied) co_return std::move(applied).error();
        }
        co_return StorageError{failure, "made to fail"};
    }
    co_return co_await rows_->commit(partition, std::move(transaction));
}

class WatchedBlobs::Writer final : public storage::BlobWriter {
public:
    Writer(WatchedBlobs& blobs, storage::BlobKind kind, std::unique_ptr<storage::BlobWriter> writer)
        : blobs_(blobs), kind_(kind), writer_(std::move(writer)) {}

    Async<void> append(base::ByteView frames) override {
        if (blobs_.failing_appends > 0) {
            --blobs_.failing_appends;
            co_return StorageError{StorageError::Kind::io, "made to fail"};
        }
        co_return co_await writer_->append(frames);
    }
    Async<storage::BlobRef> finish(const storage::BlobIdentity& identity) override {
        auto ref = co_await writer_->finish(identity);
        const bool completion = kind_ == storage::BlobKind::completion;
        if (ref) (completion ? blobs_.live_completions_ : blobs_.live_).insert(ref->id);
        co_return ref;
    }

private:
    WatchedBlobs& blobs_;
    const storage::BlobKind kind_;
    std::unique_ptr<storage::BlobWriter> writer_;
};

class WatchedBlobs::Reader final : public storage::BlobReader {
public:
    Reader(WatchedBlobs& blobs, std::uint64_t frame_bytes,
           std::unique_ptr<storage::BlobReader> reader)
        : blobs_(blobs), frame_bytes_(frame_bytes), reader_(std::move(reader)) {}

    Async<std::size_t> read(std::uint64_t first_frame, std::uint64_t count,
                            base::ByteSpan to) override {
        auto size = co_await reader_->read(first_frame, count, to);
        const auto begin = first_frame * frame_bytes_;
        if (size && blobs_.damaged_byte && *blobs_.damaged_byte >= begin &&
            *blobs_.damaged_byte < begin + *size)
            to[*blobs_.damaged_byte - begin] ^= 1;
        co_return size;
    }

private:
    WatchedBlobs& blobs_;
    std::uint64_t frame_bytes_;
    std::unique_ptr<storage::BlobReader> reader_;
};

Async<std::unique_ptr<storage::BlobWriter>> WatchedBlobs::create(storage::BlobOptions options) {
    if (failing_creates > 0) {
        --failing_creates;
        co_return StorageError{StorageError::Kind::out_of_space, "made to fail"};
    }
    const auto kind = options.kind;
    if (kind != storage::BlobKind::completion) ++created;
    auto writer = co_await blobs_->create(std::move(options));
    if (!writer) co_return std::move(writer).error();
    std::unique_ptr<storage::BlobWriter> watched =
        std::make_unique<Writer>(*this, kind, std::move(*writer));
    co_return watched;
}

Async<std::unique_ptr<storage::BlobReader>> WatchedBlobs::open(const storage::BlobRef& ref) {
    auto reader = co_await blobs_->open(ref);
    if (!reader) co_return std::move(reader).error();
    std::unique_ptr<storage::BlobReader> watched =
        std::make_unique<Reader>(*this, ref.frame_bytes, std::move(*reader));
    co_return watched;
}

Async<void> WatchedBlobs::check_space(std::uint64_t bytes) {
    if (failing_checks > 0) {
        --failing_checks;
        co_return StorageError{StorageError::Kind::out_of_space, "made to fail"};
    }
    co_return co_await blobs_->check_space(bytes);
}

Async<void> WatchedBlobs::release(const storage::BlobRef& ref) {
    if (before_release) co_await before_release(ref.id);
    if (failing_releases > 0) {
        --failing_releases;
        co_return StorageError{StorageError::Kind::io, "made to fail"};
    }
    if (live_completions_.erase(ref.id) == 0) ++released;
    live_.erase(ref.id);
    co_return co_await blobs_->release(ref);
}

}  // namespace holdfast::test
