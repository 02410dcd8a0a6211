#include "storage/catalog/body_reader.h"

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::catalog {

using crypto::frame_plain_bytes;
using crypto::frame_stored_bytes;

namespace {

constexpr std::uint64_t frames_a_read = base::body_buffer_bytes / frame_plain_bytes;

StorageError damaged(std::string detail) {
    return {StorageError::Kind::corrupt, std::move(detail)};
}

/// Its checksum held, so a scrub finds nothing: counted and logged here.
StorageError does_not_open(const records::Body& body, std::uint64_t frame) {
    static auto& counter = base::metrics::counter(
        "holdfast_frames_not_opened_total",
        "Frames that their key does not open although they are stored whole.");
    counter.Increment();
    base::log::error("body.frame_not_opened",
                     {{"body", base::to_hex(base::as_bytes(body.id()))}, {"frame", frame}});
    return damaged("a frame does not open with its key");
}

/// Whether record and stored bytes fit each other, so that every frame asked for exists.
bool is_consistent(const BodyReader::Piece& piece) {
    const auto& body = piece.body;
    const auto stored = crypto::stored_bytes(body.plain_bytes());
    const bool within =
        piece.first <= body.plain_bytes() && piece.length <= body.plain_bytes() - piece.first;
    if (!body.has_blob()) return within && piece.sealed.size() == stored;
    return within && body.blob().stored_bytes() == stored &&
           body.blob().frame_bytes() == frame_stored_bytes;
}

}  // namespace

Async<BodyReader> BodyReader::open(Store& store, crypto::DataKey key, std::vector<Piece> pieces) {
    BodyReader reader(std::move(key));
    reader.pieces_.reserve(pieces.size());
    for (auto& piece : pieces) {
        if (!is_consistent(piece)) co_return damaged("a body is not as long as its record says");
        Opened opened;
        if (piece.body.has_blob()) {
            const auto ref = from_record(piece.body.blob());
            auto blob = co_await store.blobs.open(ref);
            if (!blob) co_return std::move(blob).error();
            opened.blob = std::move(*blob);
        }
        opened.piece = std::move(piece);
        reader.pieces_.push_back(std::move(opened));
    }
    if (!reader.pieces_.empty()) reader.start_piece();
    co_return std::move(reader);
}

void BodyReader::start_piece() {
    const auto& piece = pieces_[at_].piece;
    position_ = piece.first;
    cipher_ = std::make_unique<crypto::FrameCipher>(key_, base::as_bytes(piece.body.id()));
}

Async<base::ByteView> BodyReader::next() {
    while (at_ < pieces_.size()) {
        auto& opened = pieces_[at_];
        const auto end = opened.piece.first + opened.piece.length;
        if (position_ < end) co_return co_await read_frames(opened);
        opened.blob.reset();
        ++at_;
        if (at_ < pieces_.size()) start_piece();
    }
    co_return base::ByteView{};
}

Async<base::ByteView> BodyReader::read_frames(Opened& opened) {
    const auto& piece = opened.piece;
    const auto end = piece.first + piece.length;
    const auto first_frame = position_ / frame_plain_bytes;
    const auto end_frame = (end + frame_plain_bytes - 1) / frame_plain_bytes;
    const auto count = std::min(end_frame - first_frame, frames_a_read);

    base::ByteView stored = base::as_bytes(piece.sealed);
    if (opened.blob) {
        stored_.resize(count * frame_stored_bytes);
        auto read = co_await opened.blob->read(first_frame, count, stored_);
        if (!read) co_return std::move(read).error();
        stored = base::ByteView(stored_).first(*read);
    }
    auto plain = open_frames(piece.body, first_frame, stored);
    if (!plain) co_return std::move(plain).error();
    const auto skip = position_ - first_frame * frame_plain_bytes;
    if (skip >= plain->size()) co_return damaged("a body is shorter than its record says");
    const auto take = std::min<std::uint64_t>(plain->size() - skip, end - position_);
    position_ += take;
    co_return plain->subspan(skip, take);
}

Result<base::ByteView> BodyReader::open_frames(const records::Body& body, std::uint64_t first_frame,
                                               base::ByteView stored) {
    const auto last_frame = crypto::frame_count(body.plain_bytes()) - 1;
    plain_.resize(stored.size());
    std::size_t out = 0;
    auto frame = first_frame;
    while (!stored.empty()) {
        const auto size = std::min(stored.size(), frame_stored_bytes);
        if (size < crypto::frame_tag_bytes) return damaged("a frame is cut short");
        const auto plain_size = size - crypto::frame_tag_bytes;
        if (!cipher_->open(frame, frame == last_frame, stored.first(size),
                           base::ByteSpan(plain_).subspan(out, plain_size)))
            return does_not_open(body, frame);
        out += plain_size;
        stored = stored.subspan(size);
        ++frame;
    }
    return base::ByteView(plain_).first(out);
}

}  // namespace holdfast::storage::catalog
