/// Master keys and the text they are kept in. Described in docs/format/keyring.md. threads: one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "storage/crypto/keyring.h"

namespace holdfast::storage::crypto {

struct MasterKeys {
    std::map<std::string, base::Secret, std::less<>> by_id;  ///< 32 bytes each
    std::string active_id;                                   ///< one of them
};

inline constexpr std::size_t keyring_file_bytes_max = 64 * 1024;

/// 8 hexadecimal digits that follow from the key alone, and tell nothing about it.
std::string master_key_id(const base::Secret& key);

/// Base64 of exactly 32 bytes; nothing otherwise.
std::optional<base::Secret> parse_master_key(std::string_view base64);

/// The keyring file's content, and back. errors: malformed (not a keyring, or of another version),
/// damaged (it was one).
base::Secret format_keyring(const MasterKeys& keys);
KeyResult<MasterKeys> parse_keyring(std::string_view text);

}  // namespace holdfast::storage::crypto
