#include <algorithm>

#include "server/s3/operation.h"

namespace holdfast::s3 {

namespace {

std::string route_text(const Operation& row) {
    std::string text(row.method);
    text.append(row.level == Level::service  ? " /"
                : row.level == Level::bucket ? " /Bucket"
                                             : " /Bucket/Key");
    if (row.extra == Extra::list_type_2) text.append("?list-type=2");
    if (!row.selector.empty()) text.append("?").append(row.selector);
    if (!row.second_selector.empty()) text.append("&").append(row.second_selector);
    if (row.extra == Extra::copy_source) text.append(", x-amz-copy-source");
    return text;
}

void append_rows(std::string& page, std::vector<const Operation*>& rows) {
    std::sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->name < b->name; });
    page.append("| Operation | Request |\n|---|---|\n");
    for (const auto* row : rows)
        page.append("| ").append(row->name).append(" | `").append(route_text(*row)).append("` |\n");
}

}  // namespace

std::string support_page() {
    std::vector<const Operation*> built;
    std::vector<const Operation*> missing;
    for (const auto& row : operations()) (row.handler != nullptr ? built : missing).push_back(&row);
    std::string page =
        "# Supported operations\n\n"
        "Written by `holdfast support` from the operation table; a test keeps it true.\n\n"
        "## Built\n\n";
    append_rows(page, built);
    page.append(
        "\n## Not built\n\n"
        "Each of these answers 501 `NotImplemented` and changes nothing, as does every known "
        "header or\n"
        "query parameter that is not built (the answer names it). PostObject (form upload) and "
        "CORS\n"
        "preflight (`OPTIONS`) are answered in the same way.\n\n");
    append_rows(page, missing);
    return page;
}

}  // namespace holdfast::s3
