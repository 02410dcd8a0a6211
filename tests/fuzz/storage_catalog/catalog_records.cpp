// Records of rows, of identities and of completions: what is accepted is consistent, and is
// accepted again when it is written anew.
#include <algorithm>
#include <cstdlib>
#include <list>

#include "storage/catalog/completion_blob.h"
#include "storage/catalog/restored_object.h"
#include "storage/crypto/frames.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::catalog;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

template <class Record>
void check_row(const std::string& value) {
    Row row;
    row.value = value;
    const auto record = parse_record<Record>(row);
    if (!record) return;
    Row again;
    again.value = record->SerializeAsString();
    require(parse_record<Record>(again).has_value());
}

/// Every part that is named is there, and each is of the same size.
void check_completion(const records::Completion& completion, const std::string& bytes,
                      const BlobRef& ref) {
    require(parse_completion(completion.SerializeAsString()).has_value());
    std::list<BlobInSegments> blobs;
    PartBlobs parts([](const BlobRef&) { return BlobLook{}; });
    for (const auto& manifest : completion.manifests()) {
        for (const auto& part : manifest.parts()) {
            auto& blob = blobs.emplace_back();
            blob.ref = ref;
            if (part.body().id().size() != blob.ref.id.size()) continue;
            std::copy(part.body().id().begin(), part.body().id().end(), blob.ref.id.begin());
            parts.add(blob);
        }
    }
    std::string why;
    const auto object = restore_multipart(ref, bytes, parts, why);
    if (!object) return;
    std::uint64_t whole = 0;
    for (const auto& manifest : object->manifests)
        for (const auto& part : manifest.parts()) whole += part.body().plain_bytes();
    require(whole == object->record.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(base::as_text(base::ByteView(data, size)));
    check_row<records::Object>(bytes);
    check_row<records::Manifest>(bytes);
    check_row<records::Upload>(bytes);
    check_row<records::Part>(bytes);
    check_row<records::Ended>(bytes);
    check_row<records::Garbage>(bytes);
    check_row<records::Bucket>(bytes);
    check_row<records::BucketState>(bytes);
    records::BlobRef blob;
    if (blob.ParseFromString(bytes)) {
        records::BlobRef again;
        to_record(from_record(blob), &again);
        require(again.extents_size() == blob.extents_size());
    }
    BlobRef ref;
    ref.frame_bytes = crypto::frame_stored_bytes;
    ref.stored_bytes = crypto::stored_bytes(70'000);
    std::string why;
    if (const auto object = restore_object(ref, bytes, why))
        require(object->record.size() == 70'000 && object->record.body().has_blob());
    const auto completion = parse_completion(bytes);
    if (completion) check_completion(*completion, bytes, ref);
    return 0;
}
