/// Digests as the specification defines them, on code of their own: what the server's are compared
/// with. threads: any.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::model_test {

/// Raw bytes, CRCs big-endian. CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512.
std::string digest_of(const std::string& algorithm, std::string_view bytes);

std::string hex(std::string_view raw);
std::string base64(std::string_view raw);
/// Nothing but base64 with its padding gives bytes; else "".
std::string from_base64(std::string_view text);

}  // namespace holdfast::model_test
