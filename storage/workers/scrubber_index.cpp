#include <algorithm>

#include "base/log.h"
#include "storage/checksum/digest.h"
#include "storage/workers/scrubber.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::uint64_t file_piece_bytes = std::uint64_t{1} << 20;

}  // namespace

Async<void> Scrubber::look_at_index() {
    auto files = co_await upkeep_.index_files();
    if (!files) co_return std::move(files).error();
    for (const auto& file : *files) {
        if (loop_.stopping()) co_return stopping_error();
        if (file.checksum.empty()) continue;
        auto looked = co_await look_at_file(file);
        if (!looked) co_return looked;
    }
    co_return Result<void>{};
}

Async<void> Scrubber::look_at_file(const IndexFile& file) {
    // A second time before it is called damaged: each read comes from the medium.
    std::string found;
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto checksum = co_await checksum_of(file);
        if (!checksum && checksum.error().kind == StorageError::Kind::unavailable)
            co_return std::move(checksum).error();
        if (checksum && *checksum == file.checksum) {
            upkeep_.damage().forget_file(file.name);
            co_return Result<void>{};
        }
        found = checksum ? "its checksum is " + *checksum + " instead of " + file.checksum
                         : checksum.error().detail;
    }
    auto files = co_await upkeep_.index_files();
    if (!files) co_return std::move(files).error();
    const bool there = std::any_of(files->begin(), files->end(),
                                   [&](const IndexFile& one) { return one.name == file.name; });
    if (!there) co_return Result<void>{};  // compacted away meanwhile
    base::log::error("scrub.damaged", {{"file", file.name}, {"detail", found}});
    Damage damage;
    damage.kind = Damage::Kind::file;
    damage.file = file.name;
    damage.what = found;
    upkeep_.damage().note(std::move(damage));
    co_return Result<void>{};
}

/// CRC32C of the whole file, as the index writes it.
Async<std::string> Scrubber::checksum_of(const IndexFile& file) {
    const auto digest = checksum::make_digest(model::ChecksumAlgorithm::crc32c);
    for (std::uint64_t offset = 0; offset < file.size_bytes;) {
        if (loop_.stopping()) co_return stopping_error();
        const auto wanted = std::min(file_piece_bytes, file.size_bytes - offset);
        auto piece = co_await upkeep_.read_index_file(file.name, offset, wanted);
        if (!piece) co_return std::move(piece).error();
        digest->update(*piece);
        note_read(piece->size());
        co_await throttle_.spend(piece->size());
        if (piece->size() < wanted) co_return std::string("of a file that is too short");
        offset += wanted;
    }
    co_return base::to_hex(digest->finish());
}

}  // namespace holdfast::storage::workers
