#include "auth/trailer_section.h"

#include "auth/failures.h"
#include "auth/limits.h"
#include "auth/text.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view signature_name = "x-amz-trailer-signature";

AuthError malformed() {
    return failure(AuthCode::malformed_trailer_error);
}

}  // namespace

Result<void> TrailerSection::take(base::ByteView& from) {
    while (!from.empty() && !complete_) {
        const auto progress = line_.take(from, trailers_bytes_max - bytes_);
        if (progress == CrlfLine::Progress::too_long) return malformed();
        if (progress == CrlfLine::Progress::partial) return {};
        bytes_ += line_.bytes();
        auto taken = take_line(line_.text());
        if (!taken) return taken;
        line_.clear();
    }
    return {};
}

Result<void> TrailerSection::take_line(std::string_view line) {
    if (line.empty()) {
        if (!rules_.announced.empty() && trailer_.name.empty()) return malformed();
        complete_ = true;
        return {};
    }
    // Some clients sign "name:value\n" and then send just that in front of the CRLF.
    if (line.back() == '\n') line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos)
        return malformed();
    auto name = to_lower(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (signature_) return malformed();
    if (rules_.is_signed && name == signature_name) {
        signature_ = value;
        return {};
    }
    const bool expected = rules_.allowed && !name.empty() && name == rules_.announced;
    if (!expected || !trailer_.name.empty()) return malformed();
    trailer_ = {std::move(name), std::string(value)};
    return {};
}

std::string TrailerSection::signed_text() const {
    return trailer_.name.empty() ? std::string{}
                                 : text_of(trailer_.name, ":", trailer_.value, "\n");
}

}  // namespace holdfast::auth
