/// faultdisk MOUNT-POINT IMAGE LOG: a file system with a file "disk", which a loop device can use
/// as its disk, and a file "control".
///
/// The disk begins as a copy of IMAGE and lives in memory. Each write and each flush is recorded in
/// LOG in the order of their completion, so that the disk of a power failure at any moment can be
/// made again: what was flushed, and any part of what was not. A line written to "control" tells
/// the disk how to behave from then on:
///   honest        as a disk should
///   lie           flushes succeed and do nothing
///   fail-writes   EIO, and nothing is written
///   fail-flushes  EIO, and nothing is made durable
///   delay N       each write and flush takes N milliseconds more
///
/// LOG: records of a little-endian header {u32 kind (1 write, 2 flush), u32 length, u64 offset},
/// followed by `length` bytes. One thread, so the records are in one true order.
#define FUSE_USE_VERSION 31

#include <fuse.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

enum class Kind : std::uint32_t { write = 1, flush = 2 };
enum class Mode { honest, lie, fail_writes, fail_flushes };

struct RecordHeader {
    Kind kind;
    std::uint32_t length;
    std::uint64_t offset;
};
static_assert(sizeof(RecordHeader) == 16);

class Disk {
public:
    Disk(const char* image, const char* log) : log_(log, std::ios::binary) {
        std::ifstream file(image, std::ios::binary | std::ios::ate);
        size_ = static_cast<std::uint64_t>(file.tellg());
        // calloc: what is never written takes no memory.
        content_.reset(static_cast<char*>(std::calloc(size_, 1)));
        file.seekg(0);
        load(file);
    }

    [[nodiscard]] bool usable() const { return content_ != nullptr && log_.good(); }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    int read(char* to, std::uint64_t offset, std::size_t length) const {
        const auto here = clipped(offset, length);
        std::copy_n(content_.get() + offset, here, to);
        return static_cast<int>(here);
    }

    int write(const char* from, std::uint64_t offset, std::size_t length) {
        wait();
        if (mode_ == Mode::fail_writes) return -EIO;
        const auto here = clipped(offset, length);
        std::copy_n(from, here, content_.get() + offset);
        record(Kind::write, offset, std::string_view(from, here));
        return static_cast<int>(here);
    }

    int flush() {
        wait();
        if (mode_ == Mode::fail_flushes) return -EIO;
        if (mode_ != Mode::lie) record(Kind::flush, 0, {});
        return 0;
    }

    int obey(std::string_view command) {
        if (command.ends_with('\n')) command.remove_suffix(1);
        constexpr std::string_view delay = "delay ";
        if (command.starts_with(delay)) {
            const std::string number(command.substr(delay.size()));
            delay_ = std::chrono::milliseconds(std::strtoul(number.c_str(), nullptr, 10));
            return 0;
        }
        using Named = std::pair<std::string_view, Mode>;
        constexpr std::array modes{Named{"honest", Mode::honest}, Named{"lie", Mode::lie},
                                   Named{"fail-writes", Mode::fail_writes},
                                   Named{"fail-flushes", Mode::fail_flushes}};
        for (const auto& [name, mode] : modes) {
            if (name != command) continue;
            mode_ = mode;
            return 0;
        }
        return -EINVAL;
    }

private:
    struct Free {
        void operator()(char* memory) const { std::free(memory); }
    };

    void load(std::ifstream& file) {
        std::array<char, 64 * 1024> block{};
        for (std::uint64_t offset = 0; offset < size_; offset += block.size()) {
            const auto here = std::min<std::uint64_t>(block.size(), size_ - offset);
            file.read(block.data(), static_cast<std::streamsize>(here));
            const bool zero =
                std::all_of(block.begin(), block.end(), [](char byte) { return byte == 0; });
            if (!zero) std::copy_n(block.data(), here, content_.get() + offset);
        }
    }

    [[nodiscard]] std::size_t clipped(std::uint64_t offset, std::size_t length) const {
        return offset >= size_ ? 0 : std::min<std::uint64_t>(length, size_ - offset);
    }

    void wait() const { std::this_thread::sleep_for(delay_); }

    void record(Kind kind, std::uint64_t offset, std::string_view bytes) {
        const RecordHeader header{kind, static_cast<std::uint32_t>(bytes.size()), offset};
        std::array<char, sizeof header> raw{};
        std::memcpy(raw.data(), &header, sizeof header);
        log_.write(raw.data(), raw.size());
        log_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        log_.flush();  // its length is the moment that a test names
    }

    std::ofstream log_;
    std::uint64_t size_ = 0;
    std::unique_ptr<char, Free> content_;
    Mode mode_ = Mode::honest;
    std::chrono::milliseconds delay_{0};
};

constexpr std::string_view disk_path = "/disk";
constexpr std::string_view control_path = "/control";

Disk& disk() {
    return *static_cast<Disk*>(fuse_get_context()->private_data);
}

int get_attributes(const char* path, struct stat* attributes, fuse_file_info*) {
    *attributes = {};
    if (std::string_view(path) == "/") {
        attributes->st_mode = S_IFDIR | 0700;
        attributes->st_nlink = 2;
        return 0;
    }
    attributes->st_mode = S_IFREG | 0600;
    attributes->st_nlink = 1;
    if (path == control_path) return 0;
    if (path != disk_path) return -ENOENT;
    attributes->st_size = static_cast<off_t>(disk().size());
    return 0;
}

int read_directory(const char*, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
                   fuse_readdir_flags) {
    for (const char* name : {".", "..", "disk", "control"})
        fill(buffer, name, nullptr, 0, fuse_fill_dir_flags{});
    return 0;
}

int open_file(const char* path, fuse_file_info*) {
    return path == disk_path || path == control_path ? 0 : -ENOENT;
}

int read_file(const char* path, char* to, std::size_t length, off_t offset, fuse_file_info*) {
    if (path != disk_path) return 0;
    return disk().read(to, static_cast<std::uint64_t>(offset), length);
}

int write_file(const char* path, const char* from, std::size_t length, off_t offset,
               fuse_file_info*) {
    if (path == disk_path) return disk().write(from, static_cast<std::uint64_t>(offset), length);
    const int obeyed = disk().obey(std::string_view(from, length));
    return obeyed == 0 ? static_cast<int>(length) : obeyed;
}

int sync_file(const char* path, int, fuse_file_info*) {
    return path == disk_path ? disk().flush() : 0;
}

/// The shell's "> control".
int truncate_file(const char* path, off_t, fuse_file_info*) {
    return path == control_path ? 0 : -EPERM;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::cerr << "faultdisk MOUNT-POINT IMAGE LOG\n";
        return 2;
    }
    Disk disk(arguments[2], arguments[3]);
    if (!disk.usable()) {
        std::cerr << "faultdisk: IMAGE cannot be read or LOG cannot be written\n";
        return 1;
    }
    fuse_operations operations{};
    operations.getattr = get_attributes;
    operations.readdir = read_directory;
    operations.open = open_file;
    operations.read = read_file;
    operations.write = write_file;
    operations.fsync = sync_file;
    operations.truncate = truncate_file;
    std::array<std::string, 4> options{"faultdisk", "-f", "-s", arguments[1]};
    std::array<char*, 4> fuse_arguments{};
    std::transform(options.begin(), options.end(), fuse_arguments.begin(),
                   [](std::string& option) { return option.data(); });
    return fuse_main(static_cast<int>(fuse_arguments.size()), fuse_arguments.data(), &operations,
                     &disk);
}
