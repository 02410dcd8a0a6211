#include "server/process_memory.h"

#include <malloc.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace holdfast::server {

namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

/// The beginning of a file of /proc or /sys, which does not know its own size.
std::string read_start(base::VfsFile& file) {
    base::Bytes bytes(4096);
    const auto got = file.pread(0, bytes);
    if (!got) return {};
    return std::string(base::as_text(base::ByteView(bytes).first(*got)));
}

std::string read_text(base::Vfs& vfs, const std::string& path) {
    const auto file = vfs.open(path, base::OpenMode::read);
    return file ? read_start(**file) : std::string();
}

std::optional<std::uint64_t> first_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    return number;
}

/// The path of the line that begins with `start`, in /proc/self/cgroup.
std::optional<std::string> group_path(std::string_view groups, std::string_view start) {
    for (std::size_t at = 0; at < groups.size();) {
        const auto end = std::min(groups.find('\n', at), groups.size());
        const auto line = groups.substr(at, end - at);
        at = end + 1;
        const auto found = line.find(start);
        if (found != std::string_view::npos) return std::string(line.substr(found + start.size()));
    }
    return std::nullopt;
}

/// A limit of a group holds for all groups below it. "max" is none.
std::uint64_t smallest_limit(base::Vfs& vfs, const std::string& root, std::string path,
                             const std::string& file) {
    std::uint64_t smallest = no_limit;
    while (true) {
        if (path == "/") path.clear();
        std::string where = root;
        where.append(path).append("/").append(file);
        const auto limit = first_number(read_text(vfs, where));
        if (limit) smallest = std::min(smallest, *limit);
        if (path.empty()) return smallest;
        path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
}

}  // namespace

std::uint64_t usable_memory_bytes(base::Vfs& vfs) {
    std::uint64_t bytes = no_limit;
    struct sysinfo machine {};
    if (::sysinfo(&machine) == 0)
        bytes = static_cast<std::uint64_t>(machine.totalram) * machine.mem_unit;
    const auto groups = read_text(vfs, "/proc/self/cgroup");
    if (const auto path = group_path(groups, "0::"))
        bytes = std::min(bytes, smallest_limit(vfs, "/sys/fs/cgroup", *path, "memory.max"));
    if (const auto path = group_path(groups, ":memory:"))
        bytes = std::min(
            bytes, smallest_limit(vfs, "/sys/fs/cgroup/memory", *path, "memory.limit_in_bytes"));
    return bytes;
}

ResidentMemory::ResidentMemory(base::Vfs& vfs) {
    auto opened = vfs.open("/proc/self/statm", base::OpenMode::read);
    if (opened) file_ = *std::move(opened);
}

std::uint64_t ResidentMemory::bytes() const {
    if (!file_) return 0;
    const auto text = read_start(*file_);  // in pages: all, resident, ...
    const auto space = text.find(' ');
    if (space == std::string::npos) return 0;
    const auto resident = first_number(std::string_view(text).substr(space + 1));
    return resident.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void give_back_free_memory() {
    ::malloc_trim(0);
}

}  // namespace holdfast::server
