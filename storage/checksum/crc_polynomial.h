/// Arithmetic of CRCs: polynomials over GF(2) modulo the CRC's own, in reflected bit order (the
/// highest bit of a word is x^0). All of it works at compile time. threads: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace holdfast::storage::checksum {

inline constexpr std::uint32_t crc32_polynomial = 0xedb88320;
inline constexpr std::uint32_t crc32c_polynomial = 0x82f63b78;
inline constexpr std::uint64_t crc64nvme_polynomial = 0x9a6c9329ac4bc9b5;

template <class Word>
inline constexpr Word polynomial_one = Word{1} << (8 * sizeof(Word) - 1);

/// a * b.
template <class Word>
constexpr Word multiply(Word a, Word b, Word polynomial) {
    Word product = 0;
    for (Word bit = polynomial_one<Word>; bit != 0; bit >>= 1) {
        if (a & bit) product ^= b;
        b = (b >> 1) ^ (b & 1 ? polynomial : Word{0});
    }
    return product;
}

/// x to the powers 2^0, 2^1, …: enough of them for the bits of any 64-bit count of bytes.
template <class Word>
constexpr std::array<Word, 67> powers_of_two(Word polynomial) {
    std::array<Word, 67> powers{};
    powers[0] = polynomial_one<Word> >> 1;
    for (std::size_t i = 1; i < powers.size(); ++i)
        powers[i] = multiply(powers[i - 1], powers[i - 1], polynomial);
    return powers;
}

/// x^exponent.
template <class Word>
constexpr Word x_power(std::uint64_t exponent, Word polynomial) {
    Word power = polynomial_one<Word>;
    Word square = polynomial_one<Word> >> 1;
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) power = multiply(power, square, polynomial);
        square = multiply(square, square, polynomial);
    }
    return power;
}

/// What each value of a byte does to a CRC when 0, 1, … 7 zero bytes follow it.
template <class Word>
constexpr std::array<std::array<Word, 256>, 8> slicing_tables(Word polynomial) {
    std::array<std::array<Word, 256>, 8> tables{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        Word crc = static_cast<Word>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? polynomial : Word{0});
        tables[0][byte] = crc;
    }
    for (std::size_t zeros = 1; zeros < 8; ++zeros)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const Word crc = tables[zeros - 1][byte];
            tables[zeros][byte] = (crc >> 8) ^ tables[0][crc & 0xff];
        }
    return tables;
}

}  // namespace holdfast::storage::checksum
