#include "storage/local/volume_inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "storage/local/segment_format.h"
#include "storage/local/volume.h"
#include "storage/local/volume_layout.h"
#include "storage/volume_snapshots.h"

namespace holdfast::storage::local {

namespace {

using base::IoResult;

/// A link may lead back up.
constexpr int depth_max = 8;

constexpr std::array needed{
    layout::format,   layout::lock,       layout::incarnation, layout::index,
    layout::segments, layout::high_water, layout::ballast,     layout::reattach_pending,
    layout::snapshots};
/// Of the workers and of the server (docs/format/workers.md, root-files.md, keyring.md).
constexpr std::array<std::string_view, 3> needed_above{"gc-quarantine", "scrub-state",
                                                       "keyring-id"};

bool is_needed(std::string_view name) {
    return std::find(needed.begin(), needed.end(), name) != needed.end() ||
           std::find(needed_above.begin(), needed_above.end(), name) != needed_above.end();
}

std::string what_is(const std::string& name) {
    constexpr std::string_view beside = ".new";
    if (name == layout::wal_aside || name.starts_with("index-wal-kept-"))
        return "the index' log as it was when commits were missing";
    if (name.starts_with("index.damaged-")) return "an index that a rebuild replaced";
    if (name == "index.rebuilding") return "of a rebuild that did not get to its end";
    if (name == layout::creating || name == layout::probe) return "left by a stop";
    if (name.ends_with(beside) && is_needed(name.substr(0, name.size() - beside.size())))
        return "left by a stop";
    return "not Holdfast's";
}

/// What is gone meanwhile or cannot be read counts as nothing.
std::uint64_t bytes_of(base::Vfs& vfs, const std::string& path, const base::FileStatus& status,
                       int depth) {
    if (!status.is_directory) return status.size_bytes;
    std::uint64_t sum = 0;
    const auto names = vfs.list(path);
    if (!names || depth == 0) return sum;
    for (const auto& name : *names) {
        const auto inner = fmt::format("{}/{}", path, name);
        if (const auto found = vfs.status(inner)) sum += bytes_of(vfs, inner, *found, depth - 1);
    }
    return sum;
}

/// Nothing of a directory that is empty, as the one of the logs is after every good start.
void add(base::Vfs& vfs, const std::string& volume, const std::string& name,
         const std::string& what, std::vector<ExtraFile>& to) {
    const auto path = volume + "/" + name;
    const auto status = vfs.status(path);
    if (!status) return;
    const auto bytes = bytes_of(vfs, path, *status, depth_max);
    if (status->is_directory && bytes == 0 && name == layout::wal_aside) return;
    to.push_back({status->is_directory ? name + "/" : name, bytes, what});
}

}  // namespace

IoResult<std::vector<ExtraFile>> list_extra_files(base::Vfs& vfs, const std::string& volume) {
    std::vector<ExtraFile> found;
    const auto names = vfs.list(volume);
    if (!names) return names.error();
    for (const auto& name : *names)
        if (!is_needed(name) && !is_expected_before_creation(name))
            add(vfs, volume, name, what_is(name), found);
    const auto segments = vfs.list(volume + "/" + layout::segments);
    if (!segments) return segments.error();
    for (const auto& name : *segments)
        if (!SegmentName::parse(name))
            add(vfs, volume, std::string(layout::segments) + "/" + name, "not a segment", found);
    const auto snapshots = vfs.list(volume + "/" + layout::snapshots);
    if (!snapshots && snapshots.error().code == ENOENT) return found;
    if (!snapshots) return snapshots.error();
    for (const auto& name : *snapshots)
        if (!is_snapshot_name(name))
            add(vfs, volume, std::string(layout::snapshots) + "/" + name,
                "of a snapshot that was not made, or not deleted, to its end", found);
    return found;
}

}  // namespace holdfast::storage::local
