#include <algorithm>
#include <string_view>

#include "storage/local/sealed_bytes.h"
#include "storage/local/volume.h"

namespace holdfast::storage::local {

namespace {

constexpr std::string_view format_magic = "holdfast volume\n";
constexpr std::size_t format_version_offset = 16;
constexpr std::size_t format_id_offset = 20;
constexpr std::size_t format_crc_offset = 36;
constexpr std::size_t format_bytes = 40;

constexpr std::string_view incarnation_magic = "HFINCAR2";
constexpr std::size_t incarnation_number_offset = 8;
constexpr std::size_t incarnation_commit_offset = 16;
constexpr std::size_t incarnation_clean_offset = 24;
constexpr std::size_t incarnation_count_offset = 28;
constexpr std::size_t incarnation_times_offset = 32;

}  // namespace

std::string encode_format(const VolumeId& id) {
    base::Bytes content(format_bytes);
    std::copy(format_magic.begin(), format_magic.end(), content.begin());
    const base::ByteSpan all(content);
    base::store_le32(all.subspan(format_version_offset), volume_format_version);
    std::copy(id.begin(), id.end(), content.begin() + format_id_offset);
    seal(content);
    return std::string(base::as_text(content));
}

base::Expected<VolumeId, OpenError> parse_format(base::ByteView content) {
    if (content.size() < format_id_offset || !starts_with(content, format_magic))
        return OpenError{OpenError::Kind::foreign_format, "not a Holdfast volume's format file"};
    // Before the length and the checksum: a later version may have others.
    const auto version = base::load_le32(content.subspan(format_version_offset));
    if (version != volume_format_version)
        return OpenError{OpenError::Kind::foreign_format,
                         "volume format version " + std::to_string(version) +
                             " is not known to this program (it knows version " +
                             std::to_string(volume_format_version) + "); nothing was touched"};
    if (content.size() != format_bytes || !is_sealed(content))
        return OpenError{OpenError::Kind::damaged, "the format file is damaged"};
    VolumeId id{};
    std::copy_n(content.begin() + format_id_offset, id.size(), id.begin());
    static_assert(format_id_offset + sizeof(VolumeId) == format_crc_offset);
    return id;
}

std::string encode_incarnation(const Incarnation& incarnation) {
    const auto& times = incarnation.unclean_starts;
    const auto count = std::min(times.size(), unclean_starts_max);
    base::Bytes content(incarnation_times_offset + 8 * count + seal_bytes);
    std::copy(incarnation_magic.begin(), incarnation_magic.end(), content.begin());
    const base::ByteSpan all(content);
    base::store_le64(all.subspan(incarnation_number_offset), incarnation.number);
    base::store_le64(all.subspan(incarnation_commit_offset), incarnation.commit_no);
    base::store_le32(all.subspan(incarnation_clean_offset), incarnation.clean ? 1 : 0);
    base::store_le32(all.subspan(incarnation_count_offset), static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
        const auto time = times[times.size() - count + i].time_since_epoch().count();
        base::store_le64(all.subspan(incarnation_times_offset + 8 * i),
                         static_cast<std::uint64_t>(time));
    }
    seal(content);
    return std::string(base::as_text(content));
}

std::optional<Incarnation> parse_incarnation(base::ByteView content) {
    if (content.size() < incarnation_times_offset + seal_bytes ||
        !starts_with(content, incarnation_magic) || !is_sealed(content))
        return std::nullopt;
    const auto count = base::load_le32(content.subspan(incarnation_count_offset));
    if (count > unclean_starts_max ||
        content.size() != incarnation_times_offset + 8 * count + seal_bytes)
        return std::nullopt;
    Incarnation incarnation;
    incarnation.number = base::load_le64(content.subspan(incarnation_number_offset));
    incarnation.commit_no = base::load_le64(content.subspan(incarnation_commit_offset));
    incarnation.clean = base::load_le32(content.subspan(incarnation_clean_offset)) != 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto time = base::load_le64(content.subspan(incarnation_times_offset + 8 * i));
        incarnation.unclean_starts.emplace_back(
            std::chrono::milliseconds(static_cast<std::int64_t>(time)));
    }
    return incarnation;
}

bool is_crash_loop(const Incarnation& previous, base::WallTime now, std::size_t count,
                   std::chrono::milliseconds window) {
    if (previous.clean || previous.number == 0) return false;
    const auto recent =
        std::count_if(previous.unclean_starts.begin(), previous.unclean_starts.end(),
                      [&](base::WallTime start) { return start <= now && now - start < window; });
    return static_cast<std::size_t>(recent) + 1 >= count;
}

}  // namespace holdfast::storage::local
