/// From stored bytes back to plaintext: a range of an object, frame by frame, across its parts.
///
/// Everything is opened before the first byte is handed out, so that an overwrite never mixes two
/// objects (UPC-15). threads: one event loop.
#pragma once

#include <memory>
#include <vector>

#include "storage/catalog/store.h"
#include "storage/crypto/frames.h"

namespace holdfast::storage::catalog {

class BodyReader {
public:
    /// A run of plaintext of one blob.
    struct Piece {
        records::Body body;
        std::uint64_t first = 0;   ///< offset within the body's plaintext
        std::uint64_t length = 0;  ///< at least 1
        std::string sealed;        ///< the body row, for bodies without a blob
    };

    /// Opens every blob. errors: corrupt (a record and its blob do not fit), as BlobStore::open.
    static Async<BodyReader> open(Store& store, crypto::DataKey key, std::vector<Piece> pieces);

    /// The next plaintext, up to 256 KiB; empty at the end. Valid until the next call.
    /// errors: corrupt (nothing of a damaged frame is handed out, P10), io.
    Async<base::ByteView> next();

private:
    struct Opened {
        Piece piece;
        std::unique_ptr<BlobReader> blob;
    };
    explicit BodyReader(crypto::DataKey key) : key_(std::move(key)) {}
    void start_piece();
    Async<base::ByteView> read_frames(Opened& opened);
    Result<base::ByteView> open_frames(const records::Body& body, std::uint64_t first_frame,
                                       base::ByteView stored);

    crypto::DataKey key_;
    std::vector<Opened> pieces_;
    std::size_t at_ = 0;
    std::uint64_t position_ = 0;  ///< within the current body's plaintext
    std::unique_ptr<crypto::FrameCipher> cipher_;
    base::Bytes stored_;
    base::Bytes plain_;
};

}  // namespace holdfast::storage::catalog
