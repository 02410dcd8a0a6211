// The EVP interface hides the state that a lane has to go on from; the functions beneath it are
// deprecated, but part of OpenSSL 3 for its whole life.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "storage/checksum/md5_stream.h"

#include <openssl/md5.h>

#include "base/assert.h"

namespace holdfast::storage::checksum {

struct Md5Stream::State {
    MD5_CTX context{};
};

Md5Stream::Md5Stream() : state_(std::make_unique<State>()) {
    HF_ASSERT(MD5_Init(&state_->context) == 1);
}

Md5Stream::~Md5Stream() = default;

void Md5Stream::update(base::ByteView bytes) {
    HF_ASSERT(MD5_Update(&state_->context, bytes.data(), bytes.size()) == 1);
}

std::array<std::uint8_t, 16> Md5Stream::finish() {
    std::array<std::uint8_t, 16> digest{};
    HF_ASSERT(MD5_Final(digest.data(), &state_->context) == 1);
    return digest;
}

std::size_t Md5Stream::bytes_to_block_boundary() const {
    const std::size_t held = state_->context.num;
    return held == 0 ? 0 : md5_block_bytes - held;
}

std::array<std::uint32_t, 4> Md5Stream::words() const {
    const auto& context = state_->context;
    HF_ASSERT(context.num == 0);
    return {context.A, context.B, context.C, context.D};
}

void Md5Stream::advance(const std::array<std::uint32_t, 4>& words, std::uint64_t bytes) {
    auto& context = state_->context;
    HF_ASSERT(context.num == 0 && bytes % md5_block_bytes == 0);
    context.A = words[0];
    context.B = words[1];
    context.C = words[2];
    context.D = words[3];
    // OpenSSL counts bits in two halves.
    const std::uint64_t bits = ((std::uint64_t{context.Nh} << 32) | context.Nl) + bytes * 8;
    context.Nl = static_cast<MD5_LONG>(bits);
    context.Nh = static_cast<MD5_LONG>(bits >> 32);
}

}  // namespace holdfast::storage::checksum
