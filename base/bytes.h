/// Bytes, their text forms, and secrets. threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::base {

using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

/// The bytes of a text, and the text of bytes: views, nothing is copied.
ByteView as_bytes(std::string_view text);
std::string_view as_text(ByteView bytes);

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);
/// Accepts both cases; nothing for an odd length or another character.
std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
std::string to_base64(ByteView bytes);
/// Strict: padding required, no white space, no stray bits in the last group.
std::optional<Bytes> from_base64(std::string_view text);

/// True when both are equal; the time taken depends on the lengths only.
bool equal_in_constant_time(ByteView a, ByteView b);

/// Big- and little-endian integers at the start of a buffer. REQUIRES: it is long enough.
void store_be32(ByteSpan to, std::uint32_t value);
void store_be64(ByteSpan to, std::uint64_t value);
std::uint32_t load_be32(ByteView from);
std::uint64_t load_be64(ByteView from);
void store_le32(ByteSpan to, std::uint32_t value);
void store_le64(ByteSpan to, std::uint64_t value);
std::uint32_t load_le32(ByteView from);
std::uint64_t load_le64(ByteView from);

/// A value that must not reach a log or an answer: it has no stream operator and no formatter, is
/// wiped when it goes away, and is read through reveal() only.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    [[nodiscard]] std::string_view reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

private:
    void wipe();
    std::string value_;
};

}  // namespace holdfast::base
