#include "server/s3/xml_reader.h"

#include "model/names.h"

namespace holdfast::s3 {

namespace {

constexpr int depth_max = 16;

/// Skips to behind `end`; false when it never comes.
bool skip_past(std::string_view text, std::size_t& at, std::string_view end) {
    const auto found = text.find(end, at);
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

/// Before the parser sees it: no DTD, one root, bounded depth. (The parser itself takes any depth,
/// several roots, and skips a DTD.)
bool has_sound_shape(std::string_view text) {
    int depth = 0;
    int roots = 0;
    std::size_t at = 0;
    while ((at = text.find('<', at)) != std::string_view::npos) {
        const auto rest = text.substr(at);
        if (rest.substr(0, 4) == "<!--") {
            if (!skip_past(text, at, "-->")) return false;
        } else if (rest.substr(0, 9) == "<![CDATA[") {
            if (!skip_past(text, at, "]]>")) return false;
        } else if (rest.substr(0, 2) == "<?") {
            if (!skip_past(text, at, "?>")) return false;
        } else if (rest.substr(0, 2) == "<!") {
            return false;
        } else {
            const bool closing = rest.substr(0, 2) == "</";
            if (!skip_tag(text, at)) return false;
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
    if (!model::is_utf8(text) || !has_sound_shape(text)) return S3Error(errors::malformed_xml);
    XmlDocument document;
    const auto parsed = document.document_->load_buffer(
        text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata_single,
        pugi::encoding_utf8);
    if (!parsed || local_name(document.root()) != root) return S3Error(errors::malformed_xml);
    return document;
}

std::string_view local_name(pugi::xml_node node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::optional<std::string> child_text(pugi::xml_node node, std::string_view name) {
    for (const auto child : node.children())
        if (local_name(child) == name) return std::string(child.text().get());
    return std::nullopt;
}

}  // namespace holdfast::s3
