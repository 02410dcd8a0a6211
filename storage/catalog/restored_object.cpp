#include "storage/catalog/restored_object.h"

#include <algorithm>

#include "storage/catalog/completion_blob.h"
#include "storage/crypto/frames.h"

namespace holdfast::storage::catalog {

namespace {

bool holds(const BlobRef& blob, std::uint64_t plain_bytes) {
    return blob.frame_bytes == crypto::frame_stored_bytes &&
           blob.stored_bytes == crypto::stored_bytes(plain_bytes);
}

void fill(records::Body& body, const BlobRef& blob, std::uint64_t plain_bytes) {
    body.set_plain_bytes(plain_bytes);
    body.set_id(blob.id.data(), blob.id.size());
    to_record(blob, body.mutable_blob());
}

/// False, and why, when the part's blob is not there or does not fit. One that is not whole is
/// what the object has: it was answered before the upload was completed.
bool attach(records::ManifestPart& part, PartBlobs& parts, RestoredObject& object,
            std::string& why) {
    auto& body = *part.mutable_body();
    if (body.plain_bytes() == 0) return true;
    BlobId id;
    std::copy_n(body.id().begin(), id.size(), id.begin());
    const auto* const found = parts.find(id);
    const auto name = "part " + std::to_string(part.number());
    if (found == nullptr || !holds(found->blob->ref, body.plain_bytes())) {
        why = name + (found == nullptr ? " is not in the segments" : " has another size");
        return false;
    }
    fill(body, found->blob->ref, body.plain_bytes());
    if (found->look.state != BlobLook::State::whole)
        object.damage.push_back(name + " is damaged: " + found->look.what);
    return true;
}

}  // namespace

std::optional<RestoredObject> restore_object(const BlobRef& blob, const std::string& record,
                                             std::string& why) {
    RestoredObject object;
    if (!object.record.ParseFromString(record) || object.record.manifest_size() > 0) {
        why = "its record does not parse";
        return std::nullopt;
    }
    if (!holds(blob, object.record.size())) {
        why = "its record says another size than its blob";
        return std::nullopt;
    }
    fill(*object.record.mutable_body(), blob, object.record.size());
    return object;
}

std::optional<RestoredObject> restore_multipart(const BlobRef& completion,
                                                const std::string& content, PartBlobs& parts,
                                                std::string& why) {
    auto parsed = parse_completion(content);
    if (!parsed) {
        why = "what its CompleteMultipartUpload decided is damaged";
        return std::nullopt;
    }
    RestoredObject object;
    object.record = std::move(*parsed->mutable_object());
    fill(*object.record.mutable_completion(), completion, content.size());
    for (auto& manifest : *parsed->mutable_manifests()) {
        for (auto& part : *manifest.mutable_parts())
            if (!attach(part, parts, object, why)) return std::nullopt;
        object.manifests.push_back(std::move(manifest));
    }
    return object;
}

}  // namespace holdfast::storage::catalog
