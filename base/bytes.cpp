#include "base/bytes.h"

#include <openssl/crypto.h>

#include <array>

#include "base/assert.h"

namespace holdfast::base {

ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(bytes.size() * 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return text;
}

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_base64_values() {
    std::array<std::int8_t, 256> values{};
    for (auto& value : values) value = -1;
    for (int i = 0; i < 64; ++i)
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}

constexpr auto base64_values = make_base64_values();

}  // namespace

std::optional<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    Bytes bytes(text.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = hex_value(text[2 * i]);
        const int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return bytes;
}

std::string to_base64(ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                    static_cast<std::uint32_t>(bytes[i + 1]) << 8 | bytes[i + 2];
        text += base64_alphabet[group >> 18];
        text += base64_alphabet[group >> 12 & 63];
        text += base64_alphabet[group >> 6 & 63];
        text += base64_alphabet[group & 63];
    }
    const std::size_t rest = bytes.size() - i;
    if (rest == 0) return text;
    const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                (rest == 2 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0U);
    text += base64_alphabet[group >> 18];
    text += base64_alphabet[group >> 12 & 63];
    text += rest == 2 ? base64_alphabet[group >> 6 & 63] : '=';
    text += '=';
    return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return Bytes{};
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const std::size_t real = i + 4 == text.size() ? 4 - padding : 4;
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const int value = j < real ? base64_values[static_cast<unsigned char>(text[i + j])] : 0;
            if (value < 0) return std::nullopt;
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        if ((real == 3 && (group & 0xff) != 0) || (real == 2 && (group & 0xffff) != 0))
            return std::nullopt;
        bytes.push_back(static_cast<std::uint8_t>(group >> 16));
        if (real > 2) bytes.push_back(static_cast<std::uint8_t>(group >> 8));
        if (real > 3) bytes.push_back(static_cast<std::uint8_t>(group));
    }
    return bytes;
}

bool equal_in_constant_time(ByteView a, ByteView b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

namespace {

template <class T>
void store(ByteSpan to, T value, bool big) {
    HF_ASSERT(to.size() >= sizeof(T));
    for (std::size_t i = 0; i < sizeof(T); ++i)
        to[big ? sizeof(T) - 1 - i : i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <class T>
T load(ByteView from, bool big) {
    HF_ASSERT(from.size() >= sizeof(T));
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value |= static_cast<T>(from[big ? sizeof(T) - 1 - i : i]) << (8 * i);
    return value;
}

}  // namespace

void store_be32(ByteSpan to, std::uint32_t value) {
    store(to, value, true);
}
void store_be64(ByteSpan to, std::uint64_t value) {
    store(to, value, true);
}
void store_le32(ByteSpan to, std::uint32_t value) {
    store(to, value, false);
}
void store_le64(ByteSpan to, std::uint64_t value) {
    store(to, value, false);
}
std::uint32_t load_be32(ByteView from) {
    return load<std::uint32_t>(from, true);
}
std::uint64_t load_be64(ByteView from) {
    return load<std::uint64_t>(from, true);
}
std::uint32_t load_le32(ByteView from) {
    return load<std::uint32_t>(from, false);
}
std::uint64_t load_le64(ByteView from) {
    return load<std::uint64_t>(from, false);
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
    other.wipe();
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe();
        value_ = other.value_;
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        value_ = std::move(other.value_);
        other.wipe();
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

void Secret::wipe() {
    OPENSSL_cleanse(value_.data(), value_.size());
    value_.clear();
}

}  // namespace holdfast::base
