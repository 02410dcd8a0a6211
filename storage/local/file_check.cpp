#include "storage/local/file_check.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "storage/local/highwater.h"
#include "storage/local/record_log.h"
#include "storage/local/volume.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

constexpr std::uint64_t piece_bytes = 32 * record_log_block_bytes;

bool is_zeros(base::ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string find_format_damage(base::ByteView content) {
    const auto id = parse_format(content);
    return id ? std::string() : id.error().message;
}

std::string find_incarnation_damage(base::ByteView content) {
    return parse_incarnation(content) ? "" : "it does not parse";
}

/// A slot that was never used is zeros.
std::string find_high_water_damage(base::ByteView content) {
    if (content.size() < high_water_slot_bytes + high_water_record_bytes) return "it is too short";
    for (const auto offset : {std::uint64_t{0}, high_water_slot_bytes}) {
        const auto record = content.subspan(offset, high_water_record_bytes);
        if (!is_zeros(record) && !parse_high_water_slot(record)) return "a slot is damaged";
    }
    return {};
}

std::string find_current_damage(base::ByteView content) {
    const auto text = base::as_text(content);
    return text.starts_with("MANIFEST-") && text.ends_with('\n') ? "" : "it names no manifest";
}

/// `content` is all of it, but for a log.
std::string find_damage(const std::string& name, base::ByteView content, bool is_end) {
    const std::string index = std::string(layout::index) + "/";
    if (name == layout::format) return find_format_damage(content);
    if (name == layout::incarnation) return find_incarnation_damage(content);
    if (name == layout::high_water) return find_high_water_damage(content);
    if (name == index + "CURRENT") return find_current_damage(content);
    if (name.starts_with(index + "MANIFEST-") || name.ends_with(".log"))
        return find_log_damage(content, is_end);
    return {};
}

base::IoResult<FileCheck> check_piece(base::VfsFile& file, const std::string& name,
                                      std::uint64_t from) {
    base::Bytes content(piece_bytes);
    const auto size = file.size();
    if (!size) return size.error();
    const auto wanted = std::min(piece_bytes, *size - std::min(*size, from));
    const auto got = file.pread(from, base::ByteSpan(content).first(wanted));
    if (!got) return got.error();
    FileCheck check;
    check.bytes_read = *got;
    check.next_offset = from + *got;
    check.end = check.next_offset >= *size || *got == 0;
    check.damage = find_damage(name, base::ByteView(content).first(*got), check.end);
    return check;
}

/// What is being written is read as it comes: past the page cache the file's lock would be held for
/// as long as the disk takes, and every commit would wait for it.
base::OpenMode mode_of(const std::string& name) {
    const bool is_written = name == layout::high_water || name.ends_with(".log");
    return is_written ? base::OpenMode::read : base::OpenMode::read_medium;
}

/// Says nothing about the file; unavailable would say that it is gone.
StorageError not_checked(const base::IoError& error) {
    return {StorageError::Kind::io, error.message()};
}

}  // namespace

Result<FileCheck> check_file(base::Vfs& vfs, const std::string& volume, const std::string& name,
                             std::uint64_t from) {
    const auto file = vfs.open(volume + name, mode_of(name));
    if (!file && file.error().code == ENOENT)
        return StorageError{StorageError::Kind::unavailable, file.error().message()};
    if (!file && file.error().out_of_means()) return not_checked(file.error());
    FileCheck unreadable;
    unreadable.end = true;
    if (!file) {
        unreadable.damage = "it cannot be opened: " + file.error().message();
        return unreadable;
    }
    auto check = check_piece(**file, name, from);
    if (check) return *std::move(check);
    if (check.error().out_of_means()) return not_checked(check.error());
    unreadable.damage = "it cannot be read: " + check.error().message();
    return unreadable;
}

}  // namespace holdfast::storage::local
