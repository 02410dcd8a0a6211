#include "storage/workers/state_file.h"

#include <charconv>

#include "base/bytes.h"
#include "storage/crypto/sha256.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::string_view seal_word = "sha256 ";
constexpr std::chrono::hours age_max{24 * 365 * 100};

std::string seal_of(std::string_view content) {
    return base::to_hex(crypto::sha256(base::as_bytes(content)));
}

/// Nothing when a word is empty: two spaces, or one at an end.
std::optional<StateLine> words_of(std::string_view line) {
    StateLine words;
    for (;;) {
        const auto end = line.find(' ');
        words.emplace_back(line.substr(0, end));
        if (words.back().empty()) return std::nullopt;
        if (end == std::string_view::npos) return words;
        line.remove_prefix(end + 1);
    }
}

}  // namespace

std::string encode_state(std::string_view head, const std::vector<StateLine>& lines) {
    std::string content(head);
    content += '\n';
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) content.append(i == 0 ? "" : " ") += line[i];
        content += '\n';
    }
    const auto seal = seal_of(content);
    return content.append(seal_word).append(seal).append("\n");
}

std::optional<std::vector<StateLine>> parse_state(std::string_view head, std::string_view content) {
    const std::size_t seal_bytes = seal_word.size() + 64 + 1;
    if (content.size() < head.size() + 1 + seal_bytes) return std::nullopt;
    auto body = content.substr(0, content.size() - seal_bytes);
    const auto seal = content.substr(body.size());
    if (seal != std::string(seal_word) + seal_of(body) + '\n') return std::nullopt;
    if (!body.starts_with(head) || body[head.size()] != '\n') return std::nullopt;
    body.remove_prefix(head.size() + 1);
    std::vector<StateLine> lines;
    while (!body.empty()) {
        const auto end = body.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        auto words = words_of(body.substr(0, end));
        if (!words) return std::nullopt;
        lines.push_back(*std::move(words));
        body.remove_prefix(end + 1);
    }
    return lines;
}

std::string to_word(std::string_view text) {
    return text.empty() ? "-" : base::to_hex(base::as_bytes(text));
}

std::optional<std::string> from_word(std::string_view word) {
    if (word == "-") return std::string();
    const auto bytes = base::from_hex(word);
    if (!bytes) return std::nullopt;
    return std::string(base::as_text(*bytes));
}

std::optional<std::uint64_t> to_number(std::string_view word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return number;
}

std::optional<std::chrono::milliseconds> to_age(std::string_view word) {
    constexpr auto most = static_cast<std::uint64_t>(std::chrono::milliseconds(age_max).count());
    const auto number = to_number(word);
    if (!number || *number > most) return std::nullopt;
    return std::chrono::milliseconds(*number);
}

}  // namespace holdfast::storage::workers
