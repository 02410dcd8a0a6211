/// The data directory: whose it is, who holds it, and how it was left. On-disk formats:
/// docs/format/volume.md.
///
/// threads: one. source: spec durability 2.3.6, 2.5 ("data directory opened twice", "unknown
/// on-disk format version").
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/vfs.h"
#include "storage/local/engine.h"

namespace holdfast::storage::local {

using VolumeId = std::array<std::uint8_t, 16>;

inline constexpr std::uint32_t volume_format_version = 2;

/// The `format` file. errors: damaged (bad length or checksum), foreign_format (not ours, or of
/// another version).
std::string encode_format(const VolumeId& id);
base::Expected<VolumeId, OpenError> parse_format(base::ByteView content);

/// The `incarnation` file: how often the volume was opened, and whether it was closed since.
struct Incarnation {
    std::uint64_t number = 0;
    bool clean = false;
    std::uint64_t commit_no = 0;  ///< the last commit, when clean
    /// When the starts were that followed an unclean stop, without a clean one since; the last few.
    std::vector<base::WallTime> unclean_starts = {};
};
inline constexpr std::size_t unclean_starts_max = 16;
std::string encode_incarnation(const Incarnation& incarnation);
std::optional<Incarnation> parse_incarnation(base::ByteView content);

/// True for files of the server that may be in a directory before it is a volume (a keyring or
/// credentials of the operator's own), so that they do not make it a foreign one. The one place
/// where this list is kept in code.
bool is_expected_before_creation(const std::string& name);

/// Whether the last `count` starts, one now included, followed unclean stops within `window`. By
/// the wall clock, the only one that survives: starts that seem to be in the future do not count.
bool is_crash_loop(const Incarnation& previous, base::WallTime now, std::size_t count,
                   std::chrono::milliseconds window);

class Volume {
public:
    enum class Access {
        write,
        read  ///< nothing is written; without a lock where the file system takes none
    };
    /// Locks the directory and reads what it is. An empty (or missing) one is prepared for
    /// creation, but not for reading. Nothing is touched when it is refused. errors: in_use,
    /// foreign_format, damaged, read_only, io.
    static base::Expected<std::unique_ptr<Volume>, OpenError> open(const std::string& directory,
                                                                   base::Vfs& vfs,
                                                                   base::Random& random,
                                                                   Access access = Access::write);

    [[nodiscard]] std::string path(const std::string& name) const;
    [[nodiscard]] const VolumeId& id() const { return id_; }
    /// Without a `format` file: everything below may be made afresh, nothing was ever acked.
    [[nodiscard]] bool is_new() const { return is_new_; }
    /// How the last run ended.
    [[nodiscard]] const Incarnation& previous() const { return previous_; }
    [[nodiscard]] std::uint64_t incarnation() const { return previous_.number + 1; }

    /// Writes the `format` file, the last step of creation. REQUIRES: is_new(), and everything
    /// else in the directory is durable.
    base::Expected<void, OpenError> finish_creation();
    /// Makes the new incarnation's number durable. REQUIRES: nothing was written under it yet.
    base::Expected<void, OpenError> start_incarnation(base::WallTime now);
    /// The clean marker.
    base::IoResult<void> mark_clean(std::uint64_t commit_no);

private:
    Volume(std::string directory, base::Vfs& vfs) : directory_(std::move(directory)), vfs_(vfs) {}

    base::Expected<void, OpenError> inspect();
    base::Expected<void, OpenError> read_format();
    base::Expected<void, OpenError> check_unformatted();
    base::Expected<void, OpenError> lock(Access access);
    base::Expected<void, OpenError> prepare(Access access, base::Random& random);
    base::Expected<void, OpenError> begin_creation(base::Random& random);
    base::Expected<void, OpenError> forget_creation();
    base::Expected<void, OpenError> read_incarnation();
    base::IoResult<void> write_incarnation(const Incarnation& incarnation);

    const std::string directory_;
    base::Vfs& vfs_;
    std::unique_ptr<base::VfsLock> lock_;
    VolumeId id_{};
    bool is_new_ = false;
    Incarnation previous_;
};

}  // namespace holdfast::storage::local
