/// The canonical request a second time, as simply as spec auth C-01 to C-19 can be written down and
/// without anything of the code under test: slow, and right at first sight.
#pragma once

#include <iomanip>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::auth::fuzzing::naive {

/// REQUIRES: every "%" has its two digits.
inline std::string decode(const std::string& text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            bytes += text[i];
            continue;
        }
        bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
    }
    return bytes;
}

inline std::string encode(const std::string& bytes, const std::string& also_kept) {
    const std::string kept =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~" + also_kept;
    std::ostringstream text;
    text << std::hex << std::uppercase << std::setfill('0');
    for (const char c : bytes) {
        if (kept.find(c) != std::string::npos)
            text << c;
        else
            text << '%' << std::setw(2) << static_cast<int>(static_cast<unsigned char>(c));
    }
    return text.str();
}

inline std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> pieces(1);
    for (const char c : text) {
        if (c == at)
            pieces.emplace_back();
        else
            pieces.back() += c;
    }
    return pieces;
}

inline std::string path(const std::string& raw) {
    return raw.empty() ? "/" : encode(decode(raw), "/");
}

inline std::string query_word(std::string text) {
    for (char& c : text)
        if (c == '+') c = ' ';
    return encode(decode(text), "");
}

inline std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

inline std::string query(const std::string& raw, bool presigned) {
    std::map<std::string, std::multiset<std::string>> values;
    for (const auto& piece : split(raw, '&')) {
        if (piece.empty()) continue;
        const auto equals = piece.find('=');
        const auto name = query_word(piece.substr(0, equals));
        if (presigned && lower(decode(name)) == "x-amz-signature") continue;
        values[name].insert(equals == std::string::npos ? ""
                                                        : query_word(piece.substr(equals + 1)));
    }
    std::string text;
    for (const auto& [name, all] : values)
        for (const auto& value : all) text += (text.empty() ? "" : "&") + name + "=" + value;
    return text;
}

inline std::string header_value(const std::string& value) {
    std::string words;
    std::string word;
    for (const char c : value + " ") {
        if (c != ' ' && c != '\t') {
            word += c;
        } else if (!word.empty()) {
            words += (words.empty() ? "" : " ") + word;
            word.clear();
        }
    }
    return words;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

inline std::string headers(const Headers& all, const std::set<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        std::vector<std::string> values;
        for (const auto& [header, value] : all)
            if (header == name) values.push_back(header_value(value));
        text += name + ":";
        for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ",") + values[i];
        text += "\n";
    }
    return text;
}

struct Request {
    std::string method;
    std::string path;
    std::string query;
    Headers headers;
    std::set<std::string> signed_names;  ///< at least one
    std::string payload_hash;
    bool presigned = false;
};

inline std::string canonical(const Request& request) {
    std::string names;
    for (const auto& name : request.signed_names) names += ";" + name;
    return request.method + "\n" + path(request.path) + "\n" +
           query(request.query, request.presigned) + "\n" +
           headers(request.headers, request.signed_names) + "\n" + names.substr(1) + "\n" +
           request.payload_hash;
}

}  // namespace holdfast::auth::fuzzing::naive
