/// Names that check themselves when made: a function that has one need not check again.
/// source: spec operations 2.1, 3.3, 4; multipart GEN-06, UP-01. threads: any.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace holdfast::model {

/// 3 to 63 characters of a-z 0-9 . - and the exclusions of operations section 4.
class BucketName {
public:
    static std::optional<BucketName> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    friend auto operator<=>(const BucketName&, const BucketName&) = default;

private:
    explicit BucketName(std::string_view text) : text_(text) {}
    std::string text_;
};

enum class KeyError { empty, too_long, invalid };

/// 1 to 1024 bytes of UTF-8 without NUL (operations 3.3); opaque otherwise, never normalised.
class ObjectKey {
public:
    /// Of decoded bytes. On failure `why` tells which rule.
    static std::optional<ObjectKey> parse(std::string_view decoded, KeyError* why = nullptr);
    [[nodiscard]] const std::string& text() const { return text_; }
    friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;

private:
    explicit ObjectKey(std::string_view text) : text_(text) {}
    std::string text_;
};

/// 1 to 10,000.
class PartNumber {
public:
    static std::optional<PartNumber> parse(std::string_view text);
    static std::optional<PartNumber> from(std::uint64_t number);
    [[nodiscard]] std::uint32_t value() const { return value_; }
    friend auto operator<=>(const PartNumber&, const PartNumber&) = default;

private:
    explicit PartNumber(std::uint32_t value) : value_(value) {}
    std::uint32_t value_;
};

/// Opaque and unguessable; its byte order is initiation order (GEN-06): milliseconds since 1970 in
/// 12 hexadecimal digits, "-", and 32 hexadecimal digits of randomness.
class UploadId {
public:
    static UploadId generate(base::WallTime initiated, base::Random& random);
    /// Nothing for a text that generate() cannot have made: no such upload can exist.
    static std::optional<UploadId> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] base::WallTime initiated() const;
    friend auto operator<=>(const UploadId&, const UploadId&) = default;

private:
    explicit UploadId(std::string_view text) : text_(text) {}
    std::string text_;
};

/// Well-formed UTF-8 without surrogates, RFC 3629.
bool is_utf8(std::string_view text);

}  // namespace holdfast::model
