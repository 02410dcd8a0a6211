/// HKDF-SHA256, RFC 5869, for outputs of one block. threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::storage::crypto {

/// A derived key on the stack, wiped when it goes away.
class DerivedKey {
public:
    DerivedKey() = default;
    DerivedKey(const DerivedKey&) = delete;
    DerivedKey& operator=(const DerivedKey&) = delete;
    ~DerivedKey();

    [[nodiscard]] base::ByteView bytes() const { return bytes_; }
    [[nodiscard]] base::ByteSpan bytes() { return bytes_; }

private:
    std::array<std::uint8_t, 32> bytes_{};
};

/// Extract, then expand to the first 32 bytes.
void hkdf_sha256(base::ByteView key, base::ByteView salt, std::string_view info, DerivedKey& out);

}  // namespace holdfast::storage::crypto
