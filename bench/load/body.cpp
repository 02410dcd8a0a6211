#include "bench/load/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "base/random.h"
#include "bench/load/signer.h"
#include "storage/checksum/digest.h"

namespace holdfast::bench {

namespace {

// What botocore sends as one chunk. It is also small enough to stay in a core's cache, so that
// sending costs the generator no memory bandwidth.
constexpr std::uint64_t block_bytes = base::MiB;

std::string make_block(std::uint64_t bytes) {
    base::Bytes block(std::min(bytes, block_bytes));
    base::SeededRandom random(1);
    random.fill(block);
    return std::string(base::as_text(block));
}

base::Bytes digest_of(const std::string& block, std::uint64_t bytes,
                      model::ChecksumAlgorithm algorithm) {
    const auto digest = storage::checksum::make_digest(algorithm);
    for (std::uint64_t left = bytes; left != 0;) {
        const auto part = std::min<std::uint64_t>(left, block.size());
        digest->update(base::as_bytes(std::string_view(block).substr(0, part)));
        left -= part;
    }
    return digest->finish();
}

}  // namespace

Body::Body(const BodyOptions& options)
    : bytes_(options.bytes),
      block_(make_block(options.bytes)),
      bytes_text_(fmt::to_string(bytes_)) {
    switch (options.payload) {
        case Payload::signed_hash:
            payload_hash_ =
                base::to_hex(digest_of(block_, bytes_, model::ChecksumAlgorithm::sha256));
            break;
        case Payload::unsigned_:
            payload_hash_ = "UNSIGNED-PAYLOAD";
            break;
        case Payload::trailer:
            payload_hash_ = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
            trailer_name_ = model::header_name(options.checksum);
            break;
    }
    const bool framed = options.payload == Payload::trailer;
    add_content(block_bytes, framed);
    if (framed) add_trailer(options.checksum);
}

Body::Body(std::string text)
    : bytes_(text.size()),
      block_(std::move(text)),
      payload_hash_(sha256_hex(base::as_bytes(block_))),
      bytes_text_(fmt::to_string(bytes_)) {
    add(block_);
}

void Body::add(std::string_view text) {
    if (text.empty()) return;
    pieces_.push_back({const_cast<char*>(text.data()), text.size()});  // sendmsg only reads
    wire_bytes_ += text.size();
}

void Body::add_content(std::uint64_t chunk_bytes_max, bool framed) {
    auto& [full_prefix, last_prefix, suffix, trailer] = framing_;
    suffix = "\r\n";
    full_prefix = fmt::format("{:x}\r\n", chunk_bytes_max);
    last_prefix = fmt::format("{:x}\r\n", bytes_ % chunk_bytes_max);
    for (std::uint64_t left = bytes_; left != 0;) {
        const auto chunk = std::min(left, chunk_bytes_max);
        if (framed) add(chunk == chunk_bytes_max ? full_prefix : last_prefix);
        add(std::string_view(block_).substr(0, chunk));
        if (framed) add(suffix);
        left -= chunk;
    }
}

void Body::add_trailer(model::ChecksumAlgorithm algorithm) {
    auto& trailer = framing_[3];
    trailer = fmt::format("0\r\n{}:{}\r\n\r\n", trailer_name_,
                          base::to_base64(digest_of(block_, bytes_, algorithm)));
    add(trailer);
}

bool Body::matches(std::uint64_t offset, base::ByteView content) const {
    if (offset > bytes_ || content.size() > bytes_ - offset) return false;
    while (!content.empty()) {
        const auto at = offset % block_.size();
        const auto part = std::min(content.size(), block_.size() - at);
        if (std::memcmp(content.data(), block_.data() + at, part) != 0) return false;
        content = content.subspan(part);
        offset += part;
    }
    return true;
}

}  // namespace holdfast::bench
