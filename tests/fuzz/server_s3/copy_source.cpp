// x-amz-copy-source: what is read is a bucket's name and a key, and writing it again gives the
// same.
#include "server/s3/copy_source.h"

#include <cstdlib>

#include "model/names.h"
#include "model/uri.h"

using namespace holdfast;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto source = s3::CopySource::parse(base::as_text(base::ByteView(data, size)));
    if (!source) return 0;
    require(model::BucketName::parse(source->bucket).has_value());
    require(model::ObjectKey::parse(source->key).has_value());

    auto text = "/" + source->bucket + "/" + model::percent_encode(source->key);
    if (!source->version_id.empty()) text += "?versionId=" + source->version_id;
    const auto again = s3::CopySource::parse(text);
    require(again.has_value());
    require(again->bucket == source->bucket && again->key == source->key);
    require(again->version_id == source->version_id);
    return 0;
}
