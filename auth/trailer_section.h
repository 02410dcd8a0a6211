/// What follows the last chunk: at most one trailer, in a signed stream its signature, and an
/// empty line. source: spec auth K-13, K-16, K-17. threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/chunked_decoder.h"
#include "auth/crlf_line.h"
#include "auth/error.h"
#include "base/bytes.h"

namespace holdfast::auth {

struct TrailerRules {
    std::string announced;  ///< lower case; empty: none may come
    /// Signed chunks without "-TRAILER" have none: one that came would be covered by no signature.
    bool allowed = true;
    bool is_signed = false;  ///< x-amz-trailer-signature is the last line
};

class TrailerSection {
public:
    explicit TrailerSection(TrailerRules rules) : rules_(std::move(rules)) {}

    /// Takes bytes off the front of `from`, to the end of the section at most.
    /// errors: MalformedTrailerError.
    Result<void> take(base::ByteView& from);

    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] const Trailer& trailer() const { return trailer_; }
    /// As it was sent; nothing when it was not.
    [[nodiscard]] const std::optional<std::string>& signature() const { return signature_; }
    /// "name:value\n" as it is signed; empty when there was no trailer.
    [[nodiscard]] std::string signed_text() const;

private:
    Result<void> take_line(std::string_view line);

    TrailerRules rules_;
    CrlfLine line_;
    std::size_t bytes_ = 0;  // of the lines before
    Trailer trailer_;
    std::optional<std::string> signature_;
    bool complete_ = false;
};

}  // namespace holdfast::auth
