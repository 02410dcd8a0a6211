/// Reads XML bodies strictly: UTF-8, one root, no DTD, bounded depth. threads: any.
/// source: spec operations 3.2, auth S-22, durability 4 (depth).
#pragma once

#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "server/s3/errors.h"

namespace holdfast::s3 {

class XmlDocument {
public:
    /// errors: MalformedXML, also when the root has another name.
    static Result<XmlDocument> parse(std::string_view text, std::string_view root);

    [[nodiscard]] pugi::xml_node root() const { return document_->document_element(); }

private:
    XmlDocument() : document_(std::make_unique<pugi::xml_document>()) {}
    std::unique_ptr<pugi::xml_document> document_;
};

/// The name without its namespace prefix.
std::string_view local_name(pugi::xml_node node);

/// All of an element's own text, also when comments or CDATA sections cut it into pieces.
std::string node_text(pugi::xml_node node);

/// The text of the first child of that name; null when there is none.
std::optional<std::string> child_text(pugi::xml_node node, std::string_view name);

}  // namespace holdfast::s3
