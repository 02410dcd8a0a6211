/// AuthErrors in the few shapes they come in. threads: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "auth/error.h"

namespace holdfast::auth {

/// Without a message the code's usual text is sent.
inline AuthError failure(AuthCode code, std::string message = {}) {
    return {code, std::move(message), {}};
}

inline AuthError with(AuthError error, std::string_view name, std::string_view value) {
    error.fields.emplace_back(name, value);
    return error;
}

inline AuthError invalid_argument(std::string message, std::string_view name,
                                  std::string_view value) {
    return with(with(failure(AuthCode::invalid_argument, std::move(message)), "ArgumentName", name),
                "ArgumentValue", value);
}

/// Every piece as one text.
template <class... Pieces>
std::string text_of(const Pieces&... pieces) {
    std::string text;
    (text.append(pieces), ...);
    return text;
}

}  // namespace holdfast::auth
