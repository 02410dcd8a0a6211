#include "model/names.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/assert.h"
#include "base/bytes.h"
#include "model/limits.h"

namespace holdfast::model {

namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_bucket_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c);
}
constexpr bool is_lower_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

constexpr std::size_t bucket_name_bytes_min = 3;
constexpr std::size_t bucket_name_bytes_max = 63;

// AWS keeps these for access point aliases, Object Lambda, multi-region access points, directory
// and table buckets, and for international domain names.
constexpr std::array<std::string_view, 3> reserved_prefixes{"xn--", "sthree-", "amzn-s3-demo-"};
constexpr std::array<std::string_view, 5> reserved_suffixes{"-s3alias", "--ol-s3", ".mrap",
                                                            "--x-s3", "--table-s3"};

// Four labels of digits: a host name that would be read as an address.
bool is_ipv4_shaped(std::string_view text) {
    return std::count(text.begin(), text.end(), '.') == 3 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || is_digit(c); });
}

bool has_bad_dots(std::string_view text) {
    return text.find("..") != std::string_view::npos || text.find(".-") != std::string_view::npos ||
           text.find("-.") != std::string_view::npos;
}

bool is_reserved(std::string_view text) {
    return std::any_of(reserved_prefixes.begin(), reserved_prefixes.end(),
                       [&](auto prefix) { return text.starts_with(prefix); }) ||
           std::any_of(reserved_suffixes.begin(), reserved_suffixes.end(),
                       [&](auto suffix) { return text.ends_with(suffix); });
}

constexpr std::size_t upload_time_digits = 12;
constexpr std::size_t upload_random_bytes = 16;
constexpr std::size_t upload_id_bytes = upload_time_digits + 1 + 2 * upload_random_bytes;
constexpr std::int64_t upload_time_max = (std::int64_t{1} << (4 * upload_time_digits)) - 1;

// Length of the well-formed sequence at the start of `text`, 0 when there is none. The bounds of
// the second byte rule out overlong forms, surrogates and what lies above U+10FFFF (RFC 3629
// section 4).
std::size_t utf8_sequence_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;

    const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (text.size() < length) return 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
    if (byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    return length;
}

}  // namespace

std::optional<BucketName> BucketName::parse(std::string_view text) {
    if (text.size() < bucket_name_bytes_min || text.size() > bucket_name_bytes_max)
        return std::nullopt;
    const auto is_allowed = [](char c) {
        return is_bucket_alphanumeric(c) || c == '.' || c == '-';
    };
    if (!std::all_of(text.begin(), text.end(), is_allowed)) return std::nullopt;
    if (!is_bucket_alphanumeric(text.front()) || !is_bucket_alphanumeric(text.back()))
        return std::nullopt;
    if (has_bad_dots(text) || is_ipv4_shaped(text) || is_reserved(text)) return std::nullopt;
    return BucketName(text);
}

std::optional<ObjectKey> ObjectKey::parse(std::string_view decoded, KeyError* why) {
    const auto refuse = [why](KeyError error) {
        if (why) *why = error;
        return std::nullopt;
    };
    if (decoded.empty()) return refuse(KeyError::empty);
    // Before the length: a malformed path is InvalidURI however long it is (operations 2.1).
    if (decoded.find('\0') != std::string_view::npos || !is_utf8(decoded))
        return refuse(KeyError::invalid);
    if (decoded.size() > object_key_bytes_max) return refuse(KeyError::too_long);
    return ObjectKey(decoded);
}

std::optional<PartNumber> PartNumber::parse(std::string_view text) {
    std::uint64_t number = 0;
    // from_chars takes a minus sign for signed types only, and never a plus sign or a space.
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return from(number);
}

std::optional<PartNumber> PartNumber::from(std::uint64_t number) {
    if (number < 1 || number > part_number_max) return std::nullopt;
    return PartNumber(static_cast<std::uint32_t>(number));
}

UploadId UploadId::generate(base::WallTime initiated, base::Random& random) {
    // A clock outside 1970 to 10889 is set wrongly; an upload must still be possible.
    const auto milliseconds =
        std::clamp<std::int64_t>(initiated.time_since_epoch().count(), 0, upload_time_max);
    std::array<std::uint8_t, 8> time{};
    base::store_be64(time, static_cast<std::uint64_t>(milliseconds));
    std::array<std::uint8_t, upload_random_bytes> noise{};
    random.fill(noise);

    std::string text = base::to_hex(time).substr(2 * time.size() - upload_time_digits);
    text += '-';
    text += base::to_hex(noise);
    return UploadId(text);
}

std::optional<UploadId> UploadId::parse(std::string_view text) {
    if (text.size() != upload_id_bytes || text[upload_time_digits] != '-') return std::nullopt;
    const auto time = text.substr(0, upload_time_digits);
    const auto noise = text.substr(upload_time_digits + 1);
    if (!std::all_of(time.begin(), time.end(), is_lower_hex)) return std::nullopt;
    if (!std::all_of(noise.begin(), noise.end(), is_lower_hex)) return std::nullopt;
    return UploadId(text);
}

base::WallTime UploadId::initiated() const {
    std::int64_t milliseconds = 0;
    const auto [end, error] =
        std::from_chars(text_.data(), text_.data() + upload_time_digits, milliseconds, 16);
    HF_ASSERT(error == std::errc{} && end == text_.data() + upload_time_digits);
    return base::WallTime(std::chrono::milliseconds(milliseconds));
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_bytes(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace holdfast::model
