#include "server/fsck_volume.h"

#include <algorithm>

#include "server/credentials_file.h"
#include "server/data_failure.h"
#include "server/memory_split.h"
#include "server/options.h"
#include "server/process_memory.h"
#include "storage/local/index_rebuild.h"

namespace holdfast::server {

namespace catalog = storage::catalog;
namespace local = storage::local;

base::Expected<std::unique_ptr<local::Engine>, local::OpenError> FsckVolume::open(Opening opening) {
    const auto memory = split_memory(settings_, usable_memory_bytes(*vfs_));
    auto options = engine_options(settings_, memory);
    options.read_only = opening == Opening::to_look;
    options.reattach = opening == Opening::reattaching;
    options.accept_loss = opening == Opening::giving_up || options.reattach;
    options.unclean_starts_max = 0;
    // What is put back is durable before the note of it goes.
    options.durability = local::Durability::strict;
    return local::Engine::open(options, *vfs_, clock_, random_, pool_);
}

Result<std::vector<catalog::BlobInSegments>> FsckVolume::find_blobs(const std::string& directory) {
    auto found = local::find_blobs(*vfs_, directory);
    if (!found) return to_failure(found.error());
    std::sort(found->blobs.begin(), found->blobs.end(),
              [](const auto& a, const auto& b) { return a.is_later_than(b); });
    report_.count("segments read", found->segments);
    report_.count("bytes of segments", found->bytes);
    report_.count("whole blobs in them", found->blobs.size());
    report_.problems(found->problems);
    std::vector<catalog::BlobInSegments> blobs;
    blobs.reserve(found->blobs.size());
    for (auto& blob : found->blobs)
        blobs.push_back({std::move(blob.ref), blob.kind, std::move(blob.identity), blob.run});
    return blobs;
}

Result<catalog::RebuildOptions> FsckVolume::rebuild_options(const std::string& segments) {
    auto root = open_root_account(*vfs_, settings_.storage_directory, random_);
    if (!root) return std::move(root).error();
    catalog::RebuildOptions options;
    options.owner = root->canonical_id;
    options.owner_account = root->account_id;
    options.region = settings_.server_region;
    options.now = clock_.wall();
    options.look = [this, segments](const storage::BlobRef& ref) {
        return local::look_at_blob(*vfs_, segments, ref);
    };
    options.read = [this, segments](const storage::BlobRef& ref) {
        return local::read_small_blob(*vfs_, segments, ref);
    };
    return options;
}

}  // namespace holdfast::server
