#include "base/sim_open_file.h"

#include <cerrno>
#include <mutex>
#include <utility>

namespace holdfast::base {

namespace {

class OpenSimFile final : public VfsFile {
public:
    OpenSimFile(std::shared_ptr<SimState> state, SimFilePtr file, std::string path, bool writable)
        : state_(std::move(state)),
          file_(std::move(file)),
          path_(std::move(path)),
          writable_(writable) {}

    IoResult<std::size_t> pread(std::uint64_t offset, ByteSpan to) override {
        const std::lock_guard lock(state_->mutex);
        file_->cached = true;
        return file_->read(offset, to);
    }

    IoResult<std::size_t> pread_nowait(std::uint64_t offset, ByteSpan to) override {
        const std::lock_guard lock(state_->mutex);
        if (!file_->cached) return IoError{EAGAIN, "preadv2", path_};
        return file_->read(offset, to);
    }

    IoResult<void> pwrite(std::uint64_t offset, ByteView from) override {
        return changed("pwrite", offset, from.size(), [&] { file_->write(offset, from); });
    }

    IoResult<void> allocate(std::uint64_t offset, std::uint64_t length) override {
        return changed("fallocate", offset, length, [&] { file_->allocate(offset, length); });
    }

    // Blocks are taken when they are written; until then a reservation only asks for room.
    IoResult<void> reserve(std::uint64_t offset, std::uint64_t length) override {
        return changed("fallocate(keep_size)", offset, length, [] {});
    }

    IoResult<void> punch_hole(std::uint64_t offset, std::uint64_t length) override {
        return changed("fallocate(punch_hole)", 0, 0, [&] { file_->punch(offset, length); });
    }

    IoResult<void> truncate(std::uint64_t size) override {
        return changed("ftruncate", 0, 0, [&] { file_->truncate(size); });
    }

    IoResult<void> sync_data() override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->options.syncs_lie) file_->sync();
        return {};
    }

    IoResult<void> start_writeback(std::uint64_t, std::uint64_t) override { return {}; }

    IoResult<std::uint64_t> size() override {
        const std::lock_guard lock(state_->mutex);
        return file_->size();
    }

    IoResult<std::uint64_t> allocated_bytes() override {
        const std::lock_guard lock(state_->mutex);
        return file_->allocated_bytes();
    }

    IoResult<std::uint64_t> links() override {
        const std::lock_guard lock(state_->mutex);
        return state_->links_of(file_);
    }

private:
    /// The range is the one that needs disk space behind it.
    template <class Change>
    IoResult<void> changed(const char* operation, std::uint64_t offset, std::uint64_t length,
                           Change change) {
        const std::lock_guard lock(state_->mutex);
        if (!writable_) return IoError{EBADF, operation, path_};
        if (!state_->has_room(file_->new_bytes(offset, length)))
            return IoError{ENOSPC, operation, path_};
        const auto before = file_->allocated_bytes();
        change();
        state_->used_bytes += file_->allocated_bytes() - before;  // wraps back when it shrank
        return {};
    }

    std::shared_ptr<SimState> state_;
    SimFilePtr file_;
    std::string path_;
    bool writable_;
};

}  // namespace

std::unique_ptr<VfsFile> open_sim_file(std::shared_ptr<SimState> state, SimFilePtr file,
                                       std::string path, OpenMode mode) {
    return std::make_unique<OpenSimFile>(std::move(state), std::move(file), std::move(path),
                                         mode != OpenMode::read && mode != OpenMode::read_medium);
}

}  // namespace holdfast::base
