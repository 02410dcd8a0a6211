#include "server/s3/xml_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "model/names.h"

namespace holdfast::s3 {

namespace {

constexpr int depth_max = 16;

/// From the begin of `open` to behind `end`, which may not overlap; false when it never comes.
bool skip_past(std::string_view text, std::size_t& at, std::string_view open,
               std::string_view end) {
    const auto found = text.find(end, at + open.size());
    if (found == std::string_view::npos) return false;
    at = found + end.size();
    return true;
}

/// Behind the ">" of a tag, past quoted attribute values.
bool skip_tag(std::string_view text, std::size_t& at) {
    char quote = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            ++at;
            return true;
        }
    }
    return false;
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// A character by number. Control characters are let in, as keys may hold them (operations 3.3);
/// NUL, surrogates and numbers beyond Unicode are not: the parser would end or spoil a text there.
bool is_sound_number(std::string_view text) {
    const bool hex = text.substr(0, 1) == "x";
    if (hex) text.remove_prefix(1);
    std::uint32_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number, hex ? 16 : 10);
    if (error != std::errc{} || stopped != end || text.empty()) return false;
    return number > 0 && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
}

/// Every "&" begins a reference to a character (S-22: no entities but the five of XML itself).
bool has_sound_references(std::string_view text) {
    constexpr std::array<std::string_view, 5> entities{"amp", "lt", "gt", "quot", "apos"};
    std::size_t at = 0;
    while ((at = text.find('&', at)) != std::string_view::npos) {
        const auto end = text.find(';', at);
        if (end == std::string_view::npos) return false;
        const auto name = text.substr(at + 1, end - at - 1);
        const bool known = std::find(entities.begin(), entities.end(), name) != entities.end();
        if (!known && (name.substr(0, 1) != "#" || !is_sound_number(name.substr(1)))) return false;
        at = end;
    }
    return true;
}

/// Before the parser sees it: no DTD, one root and nothing beside it, bounded depth, every
/// reference a character. (The parser itself takes any depth, several roots, texts beside them,
/// and skips a DTD.)
bool has_sound_shape(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.substr(0, 3) == byte_order_mark) text.remove_prefix(3);
    int depth = 0;
    int roots = 0;
    std::size_t at = 0;
    for (;;) {
        const auto run = text.substr(at, text.find('<', at) - at);
        if (depth > 0 ? !has_sound_references(run) : !is_blank(run)) return false;
        at += run.size();
        if (at == text.size()) break;
        const auto rest = text.substr(at);
        if (rest.substr(0, 4) == "<!--") {
            if (!skip_past(text, at, "<!--", "-->")) return false;
        } else if (rest.substr(0, 9) == "<![CDATA[") {
            if (depth == 0 || !skip_past(text, at, "<![CDATA[", "]]>")) return false;
        } else if (rest.substr(0, 2) == "<?") {
            if (!skip_past(text, at, "<?", "?>")) return false;
        } else if (rest.substr(0, 2) == "<!") {
            return false;
        } else {
            const bool closing = rest.substr(0, 2) == "</";
            const auto begin = at;
            if (!skip_tag(text, at)) return false;
            if (!has_sound_references(text.substr(begin, at - begin))) return false;
            const bool empty = text[at - 2] == '/';
            if (closing) {
                --depth;
            } else {
                if (depth == 0) ++roots;
                if (depth + 1 > depth_max) return false;
                if (!empty) ++depth;
            }
            if (depth < 0) return false;
        }
    }
    return depth == 0 && roots == 1;
}

}  // namespace

Result<XmlDocument> XmlDocument::parse(std::string_view text, std::string_view root) {
    const bool readable = model::is_utf8(text) && text.find('\0') == std::string_view::npos;
    if (!readable || !has_sound_shape(text)) return S3Error(errors::malformed_xml);
    XmlDocument document;
    const auto parsed = document.document_->load_buffer(
        text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
    if (!parsed || local_name(document.root()) != root) return S3Error(errors::malformed_xml);
    return document;
}

std::string_view local_name(pugi::xml_node node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string node_text(pugi::xml_node node) {
    std::string text;
    for (const auto child : node.children())
        if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
            text.append(child.value());
    return text;
}

std::optional<std::string> child_text(pugi::xml_node node, std::string_view name) {
    for (const auto child : node.children())
        if (local_name(child) == name) return node_text(child);
    return std::nullopt;
}

}  // namespace holdfast::s3
