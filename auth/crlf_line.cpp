#include "auth/crlf_line.h"

#include <algorithm>

namespace holdfast::auth {

CrlfLine::Progress CrlfLine::take(base::ByteView& from, std::size_t bytes_max) {
    while (!from.empty()) {
        if (bytes_.size() >= bytes_max) return Progress::too_long;
        const auto room =
            base::as_text(from.first(std::min(from.size(), bytes_max - bytes_.size())));
        const auto piece = room.substr(0, std::min(room.find('\n'), room.size() - 1) + 1);
        bytes_.append(piece);
        from = from.subspan(piece.size());
        if (bytes_.ends_with("\r\n")) return Progress::complete;
    }
    return Progress::partial;
}

}  // namespace holdfast::auth
