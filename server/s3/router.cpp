// From a request to its row of the operation table.

#include <algorithm>

#include "server/s3/operation.h"
#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

bool fits(const Operation& row, const Request& request) {
    if (row.method != request.method() || row.level != request.level()) return false;
    if (request.method() == "HEAD") return true;
    if (!row.selector.empty() && !request.query(row.selector)) return false;
    if (!row.second_selector.empty() && !request.query(row.second_selector)) return false;
    switch (row.extra) {
        case Extra::none:
            return true;
        case Extra::copy_source:
            return request.header("x-amz-copy-source").has_value();
        case Extra::list_type_2:
            return request.query("list-type") == "2";
    }
    return false;
}

/// Names that select an operation at a level, whatever the method. partNumber and uploadId have
/// rules of their own; "id" only narrows.
bool is_subresource(std::string_view name, Level level) {
    if (name == "uploadId" || name == "partNumber") return false;
    const auto rows = operations();
    return std::any_of(rows.begin(), rows.end(), [&](const Operation& row) {
        return row.level == level && row.selector == name;
    });
}

std::string methods_of(std::string_view subresource, Level level) {
    std::string methods;
    for (const auto& row : operations()) {
        const bool listed = methods.find(row.method) != std::string::npos;
        if (row.level != level || row.selector != subresource || listed) continue;
        if (!methods.empty()) methods.append(", ");
        methods.append(row.method);
    }
    return methods;
}

std::string_view resource_type(Level level) {
    switch (level) {
        case Level::service:
            return "SERVICE";
        case Level::bucket:
            return "BUCKET";
        case Level::object:
            return "OBJECT";
    }
    return "OBJECT";
}

/// Combinations that look like an operation and are none (RT-10 to RT-14, operations 2.2).
std::optional<S3Error> misrouted(const Request& request) {
    const auto method = request.method();
    const auto copy_source = request.header("x-amz-copy-source");
    if (request.level() == Level::object) {
        if (method == "PUT" && request.query("partNumber") && !request.query("uploadId"))
            return invalid_argument("partNumber", std::nullopt,
                                    "This operation does not accept partNumber without uploadId");
        if (method == "PUT" && request.query("uploadId") && !request.query("partNumber"))
            return method_not_allowed(method, "UPLOAD", "DELETE, POST, GET");
        for (const std::string_view name : {"uploads", "versions"})
            if (method == "GET" && request.query(name))
                return invalid_request("Key is not expected for the GET method ?" +
                                       std::string(name) + " subresource");
    }
    const bool may_name_a_source =
        method == "PUT" || (method == "POST" && !request.query("uploadId"));
    if (copy_source && !may_name_a_source)
        return invalid_argument("x-amz-copy-source", copy_source,
                                "You can only specify a copy source header for copy requests.");
    return std::nullopt;
}

/// A sub-resource that this method does not have: it must not fall through to the plain operation.
std::optional<S3Error> undefined_method(const Request& request) {
    for (const auto& item : request.query_items())
        if (is_subresource(item.name, request.level()))
            return method_not_allowed(request.method(), resource_type(request.level()),
                                      methods_of(item.name, request.level()));
    return std::nullopt;
}

S3Error no_operation(const Request& request) {
    const auto method = request.method();
    if (auto undefined = undefined_method(request)) return std::move(*undefined);
    switch (request.level()) {
        case Level::service:
            return method_not_allowed(method, "SERVICE", "GET");
        case Level::bucket:
            if (method == "POST")
                return precondition_failed(
                    "Bucket POST must be of the enclosure-type multipart/form-data");
            return method_not_allowed(method, "BUCKET", "GET, HEAD, PUT, DELETE");
        case Level::object:
            break;
    }
    return method_not_allowed(method, "OBJECT", "GET, HEAD, PUT, DELETE");
}

/// PostObject is recognised by its body's type, not by a query name.
bool is_form_post(const Request& request) {
    return request.method() == "POST" && request.level() == Level::bucket &&
           !request.query("delete") &&
           to_lower(request.header("content-type").value_or("").substr(0, 19)) ==
               "multipart/form-data";
}

}  // namespace

Result<const Operation*> route(const Request& request) {
    constexpr std::array methods{"GET", "HEAD", "PUT", "POST", "DELETE"};
    if (request.method() == "OPTIONS")
        return S3Error(errors::not_implemented).with("Method", "OPTIONS");
    if (std::find(methods.begin(), methods.end(), request.method()) == methods.end())
        return method_not_allowed(request.method(), resource_type(request.level()),
                                  "GET, HEAD, PUT, POST, DELETE, OPTIONS");
    if (auto refused = misrouted(request)) return std::move(*refused);
    if (is_form_post(request)) return not_implemented_header("Content-Type", "PostObject");
    for (const auto& row : operations()) {
        if (!fits(row, request)) continue;
        if (row.selector.empty() && request.method() != "HEAD")
            if (auto undefined = undefined_method(request)) return std::move(*undefined);
        return &row;
    }
    return no_operation(request);
}

}  // namespace holdfast::s3
