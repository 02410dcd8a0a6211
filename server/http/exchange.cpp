#include "server/http/exchange.h"

namespace holdfast::http {

std::optional<std::string_view> RequestHead::header(std::string_view lower_name) const {
    for (const auto& [name, value] : headers)
        if (name == lower_name) return value;
    return std::nullopt;
}

}  // namespace holdfast::http
