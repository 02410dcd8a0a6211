#include "storage/local/volume.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "storage/local/open_error.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

using base::Expected;
using base::IoResult;

constexpr std::uint64_t small_file_bytes_max = 4096;
constexpr unsigned file_mode_bits = 0640;

OpenError damaged(const std::string& message) {
    return OpenError{OpenError::Kind::damaged, message};
}

OpenError foreign(const std::string& message) {
    return OpenError{OpenError::Kind::foreign_format, message};
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string without_trailing_slashes(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

/// Makes it and its missing parents, each one's name durable before the next is made. A creation
/// that was killed leaves at most one that is not, and that one is there already: so the first one
/// found gets its name synced as well, where its parent may be read. (Who may not read it hardly
/// made a name in it.)
IoResult<void> make_directories_durably(base::Vfs& vfs, const std::string& path) {
    const auto parent = parent_of(path);
    const auto present = vfs.exists(path);
    if (!present) return present.error();
    if (!*present) {
        if (auto made = make_directories_durably(vfs, parent); !made) return made;
        if (auto made = vfs.make_directories(path); !made) return made;
    }
    auto synced = vfs.sync_directory(parent);
    if (!synced && *present && synced.error().code == EACCES) return {};
    return synced;
}

}  // namespace

bool is_expected_before_creation(const std::string& name) {
    if (name == "lost+found") return true;
    // Each one is written beside under a name of its own first, which a crash may leave.
    for (const std::string file : {"keyring", "root-credentials", "root-account", "admin-token"})
        if (name == file || name.starts_with(file + ".new")) return true;
    return false;
}

Expected<std::unique_ptr<Volume>, OpenError> Volume::open(const std::string& directory,
                                                          base::Vfs& vfs, base::Random& random,
                                                          Access access) {
    std::unique_ptr<Volume> volume(new Volume(without_trailing_slashes(directory), vfs));
    // Once before anything is touched, and once when nobody else can change it any more.
    if (auto known = volume->inspect(); !known) return std::move(known).error();
    if (access == Access::read && volume->is_new_)
        return foreign("the directory " + volume->directory_ +
                       " is not a Holdfast volume (it has no format file): nothing to read");
    if (auto locked = volume->lock(access); !locked) return std::move(locked).error();
    if (auto known = volume->inspect(); !known) return std::move(known).error();
    if (auto ready = volume->prepare(access, random); !ready) return std::move(ready).error();
    return volume;
}

Expected<void, OpenError> Volume::prepare(Access access, base::Random& random) {
    if (access == Access::read) return read_incarnation();
    if (is_new_) return begin_creation(random);
    if (auto forgotten = forget_creation(); !forgotten) return forgotten;
    return read_incarnation();
}

std::string Volume::path(const std::string& name) const {
    return directory_ + "/" + name;
}

Expected<void, OpenError> Volume::inspect() {
    const auto formatted = vfs_.exists(path(layout::format));
    if (!formatted) return to_open_error(formatted.error());
    is_new_ = !*formatted;
    return is_new_ ? check_unformatted() : read_format();
}

Expected<void, OpenError> Volume::read_format() {
    const auto content = base::read_file(vfs_, path(layout::format), small_file_bytes_max);
    if (!content && content.error().code == EFBIG)
        return foreign(path(layout::format) + " is not a Holdfast volume's format file");
    if (!content) return to_open_error(content.error());
    auto id = parse_format(*content);
    if (!id) {
        id.error().message = path(layout::format) + ": " + id.error().message;
        return std::move(id).error();
    }
    id_ = *id;
    return {};
}

Expected<void, OpenError> Volume::check_unformatted() {
    const auto present = vfs_.exists(directory_);
    if (!present) return to_open_error(present.error());
    if (!*present) return {};
    const auto names = vfs_.list(directory_);
    if (!names) return to_open_error(names.error());
    // A creation that was interrupted is begun again; until `format` is there nothing was acked.
    if (std::binary_search(names->begin(), names->end(), std::string(layout::creating))) return {};
    for (const auto& name : *names)
        if (!is_expected_before_creation(name) && !layout::is_made_before_the_marker(name))
            return foreign("the directory " + directory_ +
                           " is not a Holdfast volume (it has no format file) and not empty (" +
                           name + ")");
    return {};
}

Expected<void, OpenError> Volume::lock(Access access) {
    if (is_new_) {
        if (auto made = make_directories_durably(vfs_, directory_); !made)
            return to_open_error(made.error());
    }
    auto lock = vfs_.lock(path(layout::lock));
    if (!lock && lock.error().code == EWOULDBLOCK)
        return OpenError{OpenError::Kind::in_use,
                         "the data directory " + directory_ + " is in use by another process"};
    // Nobody can write there, so nobody needs to be kept out.
    if (!lock && lock.error().code == EROFS && access == Access::read) return {};
    if (!lock) return to_open_error(lock.error());
    lock_ = *std::move(lock);
    return {};
}

Expected<void, OpenError> Volume::begin_creation(base::Random& random) {
    random.fill(id_);
    if (auto marked = base::write_file_durably(vfs_, path(layout::creating), {}, file_mode_bits);
        !marked)
        return to_open_error(marked.error());
    for (const auto* name : {layout::index, layout::segments})
        if (auto made = vfs_.make_directories(path(name)); !made)
            return to_open_error(made.error());
    return {};
}

Expected<void, OpenError> Volume::finish_creation() {
    if (auto written = write_incarnation(previous_); !written)
        return to_open_error(written.error());
    // The names made so far, before the one that says that all of them are there.
    for (const auto& directory : {path(layout::index), path(layout::segments), directory_})
        if (auto synced = vfs_.sync_directory(directory); !synced)
            return to_open_error(synced.error());
    const auto content = encode_format(id_);
    if (auto written = base::write_file_durably(vfs_, path(layout::format), base::as_bytes(content),
                                                file_mode_bits);
        !written)
        return to_open_error(written.error());
    if (auto removed = vfs_.unlink(path(layout::creating)); !removed)
        return to_open_error(removed.error());
    is_new_ = false;
    return {};
}

/// Left by a creation that ended right behind its last step. It must not stay: beside a lost
/// `format` it would say that the volume may be made afresh.
Expected<void, OpenError> Volume::forget_creation() {
    auto removed = vfs_.unlink(path(layout::creating));
    if (!removed && removed.error().code != ENOENT) return to_open_error(removed.error());
    return {};
}

Expected<void, OpenError> Volume::read_incarnation() {
    const auto content = base::read_file(vfs_, path(layout::incarnation), small_file_bytes_max);
    if (!content && content.error().code == ENOENT)
        return damaged(path(layout::incarnation) + " is missing");
    if (!content) return to_open_error(content.error());
    const auto incarnation = parse_incarnation(*content);
    if (!incarnation) return damaged(path(layout::incarnation) + " is damaged");
    previous_ = *incarnation;
    return {};
}

Expected<void, OpenError> Volume::start_incarnation(base::WallTime now) {
    Incarnation running{incarnation(), false, 0};
    if (!previous_.clean && previous_.number > 0) {
        running.unclean_starts = previous_.unclean_starts;
        running.unclean_starts.push_back(now);
    }
    if (auto written = write_incarnation(running); !written) return to_open_error(written.error());
    return {};
}

IoResult<void> Volume::mark_clean(std::uint64_t commit_no) {
    return write_incarnation(Incarnation{incarnation(), true, commit_no});
}

IoResult<void> Volume::write_incarnation(const Incarnation& incarnation) {
    const auto content = encode_incarnation(incarnation);
    return base::write_file_durably(vfs_, path(layout::incarnation), base::as_bytes(content),
                                    file_mode_bits);
}

}  // namespace holdfast::storage::local
