#include "server/s3/completion_request.h"

#include <charconv>

#include "model/limits.h"
#include "server/s3/checksum_headers.h"
#include "server/s3/request_checks.h"
#include "server/s3/xml_reader.h"
#include "storage/checksum/digest.h"

namespace holdfast::s3 {

namespace {

std::string unquoted(std::string text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        return text.substr(1, text.size() - 2);
    return text;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped != end || text.empty()) return std::nullopt;
    return number;
}

/// "ChecksumCRC32" -> crc32; nothing for any other element.
std::optional<model::ChecksumAlgorithm> algorithm_of_element(std::string_view name) {
    constexpr std::string_view prefix = "Checksum";
    if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
    for (const auto algorithm : model::all_checksum_algorithms)
        if (model::name(algorithm) == name.substr(prefix.size())) return algorithm;
    return std::nullopt;
}

Result<ListedPart> parse_part(pugi::xml_node node) {
    ListedPart part;
    std::optional<std::string> number;
    std::optional<std::string> etag;
    for (const auto child : node.children()) {
        const auto name = local_name(child);
        const std::string text = node_text(child);
        if (name == "PartNumber") number = text;
        if (name == "ETag") etag = text;
        if (const auto algorithm = algorithm_of_element(name))
            part.checksums.emplace_back(*algorithm, text);
    }
    if (!number || !etag) return S3Error(errors::malformed_xml);
    const auto value = parse_integer(*number);
    if (!value) return S3Error(errors::malformed_xml);
    part.number = *value;
    part.etag = unquoted(std::move(*etag));
    return part;
}

Result<std::vector<ListedPart>> parse_parts(const std::string& document) {
    auto xml = XmlDocument::parse(document, "CompleteMultipartUpload");
    if (!xml) return std::move(xml).error();
    std::vector<ListedPart> parts;
    for (const auto node : xml->root().children()) {
        if (local_name(node) != "Part") continue;
        auto part = parse_part(node);
        if (!part) return std::move(part).error();
        parts.push_back(std::move(*part));
    }
    if (parts.empty() || parts.size() > model::parts_per_upload_max)
        return S3Error(errors::malformed_xml);
    return parts;
}

/// CPL-05.
Result<std::optional<std::uint64_t>> parse_object_bytes(const Request& request) {
    const auto text = request.header("x-amz-mp-object-size");
    if (!text) return std::optional<std::uint64_t>{};
    if (const auto size = parse_decimal(*text)) return size;
    const bool negative = parse_integer(*text).value_or(0) < 0;
    std::string message = "Value for x-amz-mp-object-size header is ";
    message.append(negative ? "less than zero: '" : "invalid: '").append(*text).append("'");
    return invalid_request(std::move(message));
}

}  // namespace

Result<CompletionRequest> CompletionRequest::parse(const Request& request,
                                                   const std::string& document) {
    constexpr std::string_view form = "application/x-www-form-urlencoded";
    const auto content_type = request.header("content-type").value_or("");
    if (to_lower(content_type.substr(0, form.size())) == form)
        return invalid_request("The Content-Type " + std::string(form) + " is not supported.");
    if (document.empty()) return invalid_request("You must specify at least one part");
    CompletionRequest completion;
    auto parts = parse_parts(document);
    if (!parts) return std::move(parts).error();
    completion.parts = std::move(*parts);
    auto size = parse_object_bytes(request);
    if (!size) return std::move(size).error();
    completion.object_bytes = *size;
    auto value = find_checksum_header(request);
    if (!value) return std::move(value).error();
    if (*value) completion.checksum = Value{(*value)->algorithm, std::string((*value)->value)};
    if (const auto type = request.header("x-amz-checksum-type")) {
        completion.type = model::parse_checksum_type(*type);
        if (!completion.type)
            return invalid_request("Value for x-amz-checksum-type header is invalid.");
    }
    return completion;
}

std::string CompletionRequest::part_list_digest() const {
    std::string text;
    for (const auto& part : parts)
        text.append(std::to_string(part.number))
            .append(":")
            .append(to_lower(part.etag))
            .append("\n");
    const auto digest = storage::checksum::sha256(base::as_bytes(text));
    return {digest.begin(), digest.end()};
}

}  // namespace holdfast::s3
