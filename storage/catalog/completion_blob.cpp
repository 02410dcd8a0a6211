#include "storage/catalog/completion_blob.h"

#include <algorithm>

namespace holdfast::storage::catalog {

Async<records::Body> write_completion(Store& store, const std::string& bucket,
                                      const Partition& partition, const std::string& row,
                                      const records::Completion& completion) {
    const auto bytes = completion.SerializeAsString();
    BlobOptions options;
    options.kind = BlobKind::completion;
    store.random.fill(options.id);
    options.frame_bytes = completion_frame_bytes;
    options.expected_stored_bytes = bytes.size();
    auto writer = co_await store.blobs.create(options);
    if (!writer) co_return std::move(writer).error();
    auto written = co_await (*writer)->append(base::as_bytes(bytes));
    if (!written) co_return std::move(written).error();
    BlobIdentity identity;
    identity.partition = partition;
    identity.row_key = row;
    identity.bucket = bucket;
    auto ref = co_await (*writer)->finish(identity);
    if (!ref) co_return std::move(ref).error();
    records::Body body;
    body.set_plain_bytes(bytes.size());
    body.set_id(options.id.data(), options.id.size());
    to_record(*ref, body.mutable_blob());
    co_return body;
}

std::optional<records::Completion> parse_completion(const std::string& bytes) {
    records::Completion completion;
    if (!completion.ParseFromString(bytes) || !completion.has_object()) return std::nullopt;
    const auto& object = completion.object();
    if (object.has_body() || object.has_completion() || completion.manifests().empty() ||
        object.manifest_size() != completion.manifests_size())
        return std::nullopt;
    std::uint64_t offset = 0;
    std::uint32_t number = 0;
    for (int chunk = 0; chunk < completion.manifests_size(); ++chunk) {
        const auto& manifest = completion.manifests(chunk);
        const auto& place = object.manifest(chunk);
        if (manifest.manifest_id() != object.manifest_id() || manifest.parts().empty() ||
            place.first_offset() != offset ||
            place.first_part_number() != manifest.parts(0).number() ||
            place.parts() != static_cast<std::uint32_t>(manifest.parts_size()))
            return std::nullopt;
        for (const auto& part : manifest.parts()) {
            const auto bytes_of_part = part.body().plain_bytes();
            if (part.number() <= number || part.body().id().size() != sizeof(BlobId) ||
                part.body().has_blob() || bytes_of_part > object.size() - offset)
                return std::nullopt;
            number = part.number();
            offset += bytes_of_part;
        }
    }
    if (offset != object.size()) return std::nullopt;
    return completion;
}

}  // namespace holdfast::storage::catalog
