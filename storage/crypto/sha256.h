/// SHA-256 of short texts: names of master keys and seals of the keyring's own formats. threads:
/// any.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace holdfast::storage::crypto {

std::array<std::uint8_t, 32> sha256(base::ByteView bytes);

}  // namespace holdfast::storage::crypto
