/// A line of chunk framing that may arrive in any number of pieces. threads: one.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::auth {

class CrlfLine {
public:
    enum class Progress { partial, complete, too_long };

    /// Takes bytes off the front of `from`, to the next CRLF at most. `bytes_max` counts the CRLF.
    Progress take(base::ByteView& from, std::size_t bytes_max);

    /// Without its CRLF. REQUIRES: it is complete.
    [[nodiscard]] std::string_view text() const {
        return std::string_view(bytes_).substr(0, bytes_.size() - 2);
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }
    void clear() { bytes_.clear(); }

private:
    std::string bytes_;
};

}  // namespace holdfast::auth
