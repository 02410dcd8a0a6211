/// S3's object checksums as words: algorithms, types, names. Computing them is storage/checksum.
/// source: spec multipart 5.8, operations 1.2 and 20. threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::model {

/// Values are stored on disk (storage/catalog/records.proto): never renumber.
enum class ChecksumAlgorithm : std::uint8_t {
    crc32 = 1,
    crc32c = 2,
    crc64nvme = 3,
    sha1 = 4,
    sha256 = 5,
    sha512 = 6,
    md5 = 7,
    xxhash64 = 8,
    xxhash3 = 9,
    xxhash128 = 10,
};
inline constexpr std::array all_checksum_algorithms{
    ChecksumAlgorithm::crc32,    ChecksumAlgorithm::crc32c,   ChecksumAlgorithm::crc64nvme,
    ChecksumAlgorithm::sha1,     ChecksumAlgorithm::sha256,   ChecksumAlgorithm::sha512,
    ChecksumAlgorithm::md5,      ChecksumAlgorithm::xxhash64, ChecksumAlgorithm::xxhash3,
    ChecksumAlgorithm::xxhash128};

/// Stored on disk as well.
enum class ChecksumType : std::uint8_t { composite = 1, full_object = 2 };

/// "CRC64NVME": as in XML, in x-amz-checksum-algorithm and in messages.
std::string_view name(ChecksumAlgorithm algorithm);
/// "crc64nvme": as in header names and lower-case messages.
std::string_view lower_name(ChecksumAlgorithm algorithm);
/// "x-amz-checksum-crc64nvme".
std::string header_name(ChecksumAlgorithm algorithm);
/// Raw digest length in bytes.
std::size_t digest_bytes(ChecksumAlgorithm algorithm);
/// "COMPOSITE" or "FULL_OBJECT".
std::string_view name(ChecksumType type);

/// Case-insensitive (CK-01, CK-02).
std::optional<ChecksumAlgorithm> parse_checksum_algorithm(std::string_view text);
std::optional<ChecksumType> parse_checksum_type(std::string_view text);
/// From "x-amz-checksum-<name>" in lower case; nothing for any other header, also for
/// x-amz-checksum-algorithm, -type and -mode.
std::optional<ChecksumAlgorithm> checksum_of_header(std::string_view lower_header_name);

/// The table below CK-05.
bool allows(ChecksumAlgorithm algorithm, ChecksumType type);
ChecksumType default_type(ChecksumAlgorithm algorithm);

/// One value: raw digest bytes, and for a composite of parts how many parts (0: none).
struct Checksum {
    ChecksumAlgorithm algorithm = ChecksumAlgorithm::crc64nvme;
    base::Bytes digest;

    /// Base64 as sent in headers and XML, without "-N".
    [[nodiscard]] std::string text() const { return base::to_base64(digest); }
    friend bool operator==(const Checksum&, const Checksum&) = default;
};

/// Base64 of exactly digest_bytes(algorithm) (CK-21); nothing otherwise.
std::optional<Checksum> parse_checksum(ChecksumAlgorithm algorithm, std::string_view text);

}  // namespace holdfast::model
