#include "storage/local/reattach_note.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "storage/local/sealed_bytes.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

constexpr std::string_view magic = "HFREATT1";
constexpr std::size_t commit_offset = 8;
constexpr std::size_t missing_offset = 16;
constexpr std::size_t note_bytes = 28;
constexpr std::uint64_t note_bytes_max = 4096;
constexpr unsigned note_mode_bits = 0640;

std::string path_of(const std::string& volume) {
    return volume + "/" + layout::reattach_pending;
}

}  // namespace

std::string encode_reattach_note(const ReattachNote& note) {
    base::Bytes content(note_bytes);
    std::copy(magic.begin(), magic.end(), content.begin());
    const base::ByteSpan all(content);
    base::store_le64(all.subspan(commit_offset), note.commit_no);
    base::store_le64(all.subspan(missing_offset), note.missing);
    seal(all);
    return std::string(base::as_text(content));
}

std::optional<ReattachNote> parse_reattach_note(base::ByteView content) {
    if (content.size() != note_bytes || !starts_with(content, magic) || !is_sealed(content))
        return std::nullopt;
    return ReattachNote{base::load_le64(content.subspan(commit_offset)),
                        base::load_le64(content.subspan(missing_offset))};
}

base::IoResult<std::optional<ReattachNote>> read_reattach_note(base::Vfs& vfs,
                                                               const std::string& volume) {
    const auto content = base::read_file(vfs, path_of(volume), note_bytes_max);
    if (!content && content.error().code == ENOENT) return std::optional<ReattachNote>();
    if (!content && content.error().code != EFBIG) return content.error();
    auto note = content ? parse_reattach_note(*content) : std::nullopt;
    if (!note) note = ReattachNote{0, 1};
    return note;
}

base::IoResult<void> write_reattach_note(base::Vfs& vfs, const std::string& volume,
                                         const ReattachNote& note) {
    const auto content = encode_reattach_note(note);
    return base::write_file_durably(vfs, path_of(volume), base::as_bytes(content), note_mode_bits);
}

base::IoResult<void> remove_reattach_note(base::Vfs& vfs, const std::string& volume) {
    auto gone = vfs.unlink(path_of(volume));
    if (!gone && gone.error().code == ENOENT) return {};
    if (!gone) return gone;
    return vfs.sync_directory(volume);
}

}  // namespace holdfast::storage::local
