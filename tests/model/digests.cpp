#include "tests/model/digests.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace holdfast::model_test {

namespace {

template <class Word>
std::string crc(std::string_view bytes, Word reflected_polynomial) {
    std::array<Word, 256> table{};
    for (unsigned i = 0; i < 256; ++i) {
        Word value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value >> 1) ^ ((value & 1) != 0 ? reflected_polynomial : 0);
        table[i] = value;
    }
    Word value = static_cast<Word>(~Word{0});
    for (const char c : bytes)
        value = (value >> 8) ^ table[(value ^ static_cast<unsigned char>(c)) & 0xff];
    value = static_cast<Word>(~value);
    std::string raw(sizeof(Word), '\0');
    for (std::size_t i = 0; i < sizeof(Word); ++i)
        raw[i] = static_cast<char>(value >> (8 * (sizeof(Word) - 1 - i)));
    return raw;
}

std::string evp(const char* name, std::string_view bytes) {
    std::string raw(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(raw.data()), &size,
                   EVP_get_digestbyname(name), nullptr) != 1)
        throw std::logic_error("no such digest");
    raw.resize(size);
    return raw;
}

}  // namespace

std::string digest_of(const std::string& algorithm, std::string_view bytes) {
    if (algorithm == "CRC32") return crc<std::uint32_t>(bytes, 0xedb88320U);
    if (algorithm == "CRC32C") return crc<std::uint32_t>(bytes, 0x82f63b78U);
    if (algorithm == "CRC64NVME") return crc<std::uint64_t>(bytes, 0x9a6c9329ac4bc9b5ULL);
    return evp(algorithm.c_str(), bytes);
}

std::string hex(std::string_view raw) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const char c : raw) {
        const auto byte = static_cast<unsigned char>(c);
        text.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return text;
}

std::string base64(std::string_view raw) {
    std::string text(4 * ((raw.size() + 2) / 3), '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(raw.data()),
                    static_cast<int>(raw.size()));
    return text;
}

std::string from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return "";
    std::string raw(3 * text.size() / 4, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(raw.data()),
                        reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size())) < 0)
        return "";
    for (auto end = text.size(); end > 0 && text[end - 1] == '='; --end) raw.pop_back();
    return raw;
}

}  // namespace holdfast::model_test
