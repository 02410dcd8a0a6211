/// Headers the verifier reads itself. threads: any.
#pragma once

#include <cstddef>
#include <string_view>

#include "auth/text.h"
#include "auth/verifier.h"

namespace holdfast::auth {

struct FoundHeader {
    std::string_view value;  ///< of the first one, trimmed
    std::size_t count = 0;

    [[nodiscard]] bool present() const { return count > 0; }
    /// A header that decides about the signature has one value; of several, nobody could say which
    /// one the others act on.
    [[nodiscard]] bool repeated() const { return count > 1; }
};

inline FoundHeader find_header(const HeaderList& headers, std::string_view lower_name) {
    FoundHeader found;
    for (const auto& [name, value] : headers) {
        if (name != lower_name) continue;
        if (found.count++ == 0) found.value = trim(value);
    }
    return found;
}

}  // namespace holdfast::auth
