#include "model/limits.h"
#include "model/names.h"
#include "server/s3/delete_conditions.h"
#include "server/s3/operations/operations.h"
#include "server/s3/payload.h"
#include "server/s3/xml_reader.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

namespace {

constexpr std::uint64_t document_bytes_max = 2 * base::MiB;

struct Entry {
    std::string key;
    std::optional<std::string> version_id;
    DeleteConditions conditions;
    std::optional<S3Error> error;  ///< why it was not deleted
    bool remove = true;            ///< false: nothing of that name and version can exist
};

struct DeleteRequest {
    std::vector<Entry> entries;  ///< in the order of the document
    bool quiet = false;
};

Result<Entry> parse_entry(pugi::xml_node node) {
    Entry entry;
    auto key = child_text(node, "Key");
    if (!key || key->empty()) return S3Error(errors::malformed_xml);
    entry.key = std::move(*key);
    entry.version_id = child_text(node, "VersionId");
    auto conditions = DeleteConditions::parse(node);
    if (!conditions) return std::move(conditions).error();
    entry.conditions = std::move(*conditions);
    return entry;
}

Result<DeleteRequest> parse(const std::string& document) {
    if (document.empty()) return S3Error(errors::missing_request_body);
    auto xml = XmlDocument::parse(document, "Delete");
    if (!xml) return std::move(xml).error();
    DeleteRequest request;
    for (const auto node : xml->root().children()) {
        if (local_name(node) == "Quiet") request.quiet = node_text(node) == "true";
        if (local_name(node) != "Object") continue;
        auto entry = parse_entry(node);
        if (!entry) return std::move(entry).error();
        request.entries.push_back(std::move(*entry));
    }
    if (request.entries.empty() || request.entries.size() > model::delete_objects_max)
        return S3Error(errors::malformed_xml);
    return request;
}

/// What an entry's own names say; errors stay with the entry.
void check_names(Entry& entry) {
    model::KeyError why{};
    if (!model::ObjectKey::parse(entry.key, &why)) {
        entry.error = why == model::KeyError::too_long ? S3Error(errors::key_too_long)
                                                       : S3Error(errors::invalid_uri);
        return;
    }
    auto names = names_current_object(entry.version_id, entry.key);
    if (!names) {
        entry.error = std::move(names).error();
        return;
    }
    entry.remove = *names;
}

std::vector<catalog::Objects::Removal> removals_of(std::vector<Entry>& entries) {
    std::vector<catalog::Objects::Removal> removals;
    for (auto& entry : entries) {
        if (entry.error || !entry.remove) continue;
        catalog::Objects::Removal removal;
        removal.key = entry.key;
        if (entry.conditions.any())
            removal.check = [&entry](const catalog::FoundObject* current) {
                auto passed = entry.conditions.check(current, entry.key);
                entry.error.reset();
                if (!passed) entry.error = std::move(passed).error();
                return !entry.error;
            };
        removals.push_back(std::move(removal));
    }
    return removals;
}

void write_entry(const Entry& entry, bool quiet, XmlWriter& xml) {
    if (!entry.error && quiet) return;
    xml.open(entry.error ? "Error" : "Deleted");
    xml.element("Key", entry.key);
    if (entry.version_id) xml.element("VersionId", *entry.version_id);
    if (entry.error) {
        xml.element("Code", entry.error->spec->code);
        xml.element("Message", entry.error->message);
    }
    xml.close();
}

}  // namespace

Reply delete_objects(Context& context) {
    auto document = co_await read_document(context, document_bytes_max, Integrity::required);
    if (!document) co_return std::move(document).error();
    auto request = parse(*document);
    if (!request) co_return std::move(request).error();
    for (auto& entry : request->entries) check_names(entry);
    auto removals = removals_of(request->entries);
    if (!removals.empty()) {
        auto removed =
            co_await context.services.objects.remove(context.bucket->id(), std::move(removals));
        if (!removed) co_return context.error(removed.error());
    }
    XmlWriter xml;
    xml.open_root("DeleteResult");
    for (const auto& entry : request->entries) write_entry(entry, request->quiet, xml);
    xml.close();
    co_return xml_response(std::move(xml).finish());
}

}  // namespace holdfast::s3
