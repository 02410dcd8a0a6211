#include "tests/model/differences.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <pugixml.hpp>

namespace holdfast::model_test {

namespace {

/// Elements that stand in lists, even when a list has one of them only.
bool is_listed(const pugi::xml_node& node) {
    static const std::array names{"Contents", "CommonPrefixes", "Upload", "Part",
                                  "Deleted",  "Error",          "Bucket"};
    const bool has_children = node.first_child().type() == pugi::node_element;
    return has_children &&
           std::find(names.begin(), names.end(), std::string(node.name())) != names.end();
}

void flatten(const pugi::xml_node& node, const std::string& path,
             std::map<std::string, std::string>& leaves) {
    std::map<std::string, int> counts;
    bool any = false;
    for (const auto child : node.children()) {
        if (child.type() != pugi::node_element) continue;
        any = true;
        std::string name = path + child.name();
        if (is_listed(child)) name += "[" + std::to_string(counts[child.name()]++) + "]";
        if (child.first_child().type() == pugi::node_element)
            flatten(child, name + "/", leaves);
        else if (!leaves.emplace(name, child.text().as_string()).second)
            leaves[name] += "\n" + std::string(child.text().as_string());
    }
    if (!any && path.empty() && !node.text().empty()) leaves["#text"] = node.text().as_string();
}

bool for_people(const std::string& path) {
    const auto name = path.substr(path.rfind('/') + 1);
    return name == "Message" || name == "RequestId" || name == "HostId" || name == "Resource";
}

bool is_of_http(const std::string& name) {
    static const std::array names{"date",
                                  "server",
                                  "connection",
                                  "retry-after",
                                  "x-amz-request-id",
                                  "x-amz-id-2",
                                  "x-content-type-options"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

using Leaves = std::map<std::string, std::string>;

std::string shortened(const std::string& text) {
    return text.size() < 200 ? text : text.substr(0, 200) + "…";
}

std::string compare(const std::string& what, const Leaves& expected, const Leaves& found) {
    std::string lines;
    for (const auto& [name, value] : expected) {
        const auto it = found.find(name);
        if (it == found.end())
            lines += what + " " + name + " is missing, expected: " + shortened(value) + "\n";
        else if (value != any_value && value != it->second)
            lines += what + " " + name + " is " + shortened(it->second) +
                     ", expected: " + shortened(value) + "\n";
    }
    for (const auto& [name, value] : found)
        if (expected.count(name) == 0)
            lines += what + " " + name + " is there and should not: " + shortened(value) + "\n";
    return lines;
}

Leaves headers_of(const test::Answer& answer, const Expected& expected) {
    Leaves headers;
    for (const auto& [name, value] : answer.headers) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (is_of_http(lower)) continue;
        if (lower == "content-length" && expected.headers.count(lower) == 0) continue;
        headers[lower] = value;
    }
    // An answer without a body need not name a type, and a HEAD's error may.
    const auto type = expected.headers.find("content-type");
    if (type != expected.headers.end() && type->second == any_value)
        headers.emplace("content-type", "");
    return headers;
}

std::string compare_bodies(const Expected& expected, const test::Answer& answer) {
    if (expected.body) {
        if (answer.body == expected.body->bytes()) return "";
        const auto& wanted = expected.body->bytes();
        const auto at =
            std::mismatch(wanted.begin(), wanted.end(), answer.body.begin(), answer.body.end());
        return "the body of " + std::to_string(answer.body.size()) + " bytes differs at " +
               std::to_string(at.first - wanted.begin()) + " from the expected " +
               std::to_string(wanted.size()) + "\n";
    }
    if (expected.document.empty())
        return answer.body.empty() ? "" : "a body: " + shortened(answer.body) + "\n";
    auto found = flattened(answer.body);
    auto wanted = expected.document;
    std::erase_if(found, [](const auto& leaf) { return for_people(leaf.first); });
    return compare("element", wanted, found);
}

}  // namespace

std::map<std::string, std::string> flattened(const std::string& xml) {
    std::map<std::string, std::string> leaves;
    pugi::xml_document document;
    if (!document.load_string(xml.c_str(), pugi::parse_default | pugi::parse_ws_pcdata)) {
        leaves[""] = "(no XML) " + shortened(xml);
        return leaves;
    }
    leaves[""] = document.document_element().name();
    flatten(document.document_element(), "", leaves);
    return leaves;
}

std::string differences(const Expected& expected, const test::Answer& answer) {
    std::string lines;
    if (answer.aborted) lines += "the connection was cut\n";
    if (answer.status != expected.status)
        lines += "status " + std::to_string(answer.status) + " " + answer.element("Code") +
                 ", expected: " + std::to_string(expected.status) + " " + expected.code() + "\n";
    if (!lines.empty()) return lines;
    return compare("header", expected.headers, headers_of(answer, expected)) +
           compare_bodies(expected, answer);
}

}  // namespace holdfast::model_test
