/// From plaintext to stored bytes: cuts into frames, seals them, and keeps them in memory (small
/// bodies, stored beside their record) or streams them into a blob.
///
/// threads: one event loop. Destroyed before finish(): nothing stays.
/// source:  docs/architecture.md, "Storage"; docs/format/frames.md.
#pragma once

#include <memory>
#include <optional>

#include "storage/catalog/store.h"
#include "storage/crypto/frames.h"

namespace holdfast::storage::catalog {

class BodyWriter {
public:
    struct Options {
        BlobKind kind = BlobKind::object;
        std::optional<std::uint64_t> plain_bytes;  ///< when known beforehand; must then be right
        bool may_inline = true;
    };
    BodyWriter(Store& store, const crypto::DataKey& key, Options options);

    /// Reserves the space of a body of known size, and asks whether there is any for one that is
    /// kept beside its record or whose size is not known, so that a full disk is told before the
    /// client sends. Comes before append().
    Async<void> prepare();
    /// The bytes may be reused when it returns.
    Async<void> append(base::ByteView plain);

    struct Finished {
        records::Body body;
        std::string sealed;  ///< bytes for the body row, when the body is not in a blob
    };
    /// Everything in a blob is durable when it returns. `identity`: see BlobIdentity.
    Async<Finished> finish(BlobIdentity identity);

private:
    Async<void> start_blob();
    Async<void> take_frames(base::ByteView plain);
    bool another_follows(std::uint64_t plain_left) const;
    void seal(base::ByteView frame, bool last);
    Async<void> flush();

    Store& store_;
    Options options_;
    BlobId id_;
    crypto::FrameCipher cipher_;
    std::unique_ptr<BlobWriter> blob_;
    base::Bytes pending_;  ///< plaintext that may turn out to be the last frame
    base::Bytes sealed_;   ///< frames on their way to the blob
    std::uint64_t taken_bytes_ = 0;
    std::uint64_t frames_ = 0;
};

/// Gives back what finish() made when its record was not committed. Not when the commit is in
/// doubt: it may have happened (P5). What cannot be given back is left to the collector.
base::Awaitable<void> discard_unless_in_doubt(Store& store, const records::Body& body,
                                              const CatalogError& failure);

}  // namespace holdfast::storage::catalog
