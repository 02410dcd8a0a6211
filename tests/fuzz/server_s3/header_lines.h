/// A PUT of an object whose headers are the lines of a text: "name: value".
#pragma once

#include <string_view>

#include "server/http/exchange.h"

namespace holdfast::fuzz {

inline http::RequestHead head_of_lines(std::string_view text) {
    http::RequestHead head;
    head.method = "PUT";
    head.target = "/bucket/key";
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() == text.size() ? text.size() : line.size() + 1);
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        std::string name(line.substr(0, colon));
        for (char& c : name)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        head.headers.emplace_back(std::move(name), line.substr(colon + 2));
    }
    return head;
}

}  // namespace holdfast::fuzz
