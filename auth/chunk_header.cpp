#include "auth/chunk_header.h"

#include <charconv>

#include "auth/limits.h"
#include "auth/text.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view extension = ";chunk-signature=";
constexpr std::size_t signature_digits = 64;

std::optional<std::uint64_t> parse_size(std::string_view text) {
    if (text.empty() || text.size() > chunk_size_digits_max || !all_of(text, is_hex_digit))
        return std::nullopt;
    std::uint64_t size = 0;
    std::from_chars(text.data(), text.data() + text.size(), size, 16);
    return size;
}

}  // namespace

std::optional<ChunkHeader> parse_chunk_header(std::string_view line, bool is_signed) {
    ChunkHeader header;
    if (is_signed) {
        const auto at = line.find(';');
        if (at == std::string_view::npos || !line.substr(at).starts_with(extension))
            return std::nullopt;
        header.signature = line.substr(at + extension.size());
        if (header.signature.size() != signature_digits || !all_of(header.signature, is_hex_digit))
            return std::nullopt;
        line = line.substr(0, at);
    }
    const auto size = parse_size(line);
    if (!size) return std::nullopt;
    header.bytes = *size;
    return header;
}

}  // namespace holdfast::auth
