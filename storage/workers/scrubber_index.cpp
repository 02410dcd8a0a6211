#include <algorithm>

#include "base/log.h"
#include "storage/checksum/digest.h"
#include "storage/workers/quarantine.h"
#include "storage/workers/scrubber.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::uint64_t file_piece_bytes = std::uint64_t{1} << 20;

}  // namespace

Async<void> Scrubber::look_at_files() {
    std::set<std::string> there;
    auto others = co_await look_at_other_files(there);
    if (!others) co_return others;
    auto index = co_await look_at_index(there);
    if (!index) co_return index;
    for (const auto& damage : upkeep_.damage().all())
        if (damage.kind == Damage::Kind::file && !there.contains(damage.file))
            upkeep_.damage().forget(damage);
    co_return Result<void>{};
}

/// In the order of their names, so that a pass goes on where it was.
Async<void> Scrubber::look_at_index(std::set<std::string>& there) {
    auto files = co_await upkeep_.index_files();
    if (!files) co_return std::move(files).error();
    std::sort(files->begin(), files->end(),
              [](const IndexFile& one, const IndexFile& other) { return one.name < other.name; });
    for (const auto& file : *files) {
        if (loop_.stopping()) co_return stopping_error();
        there.insert(file.name);
        if (file.checksum.empty() || file.name <= state_.file_cursor) continue;
        auto looked = co_await look_at_file(file);
        if (!looked) co_return looked;
        state_.file_cursor = file.name;
        co_await save_now_and_then();
    }
    co_return Result<void>{};
}

/// The workers' notes as well. Each is small, or as good as: they are all looked at each time.
Async<void> Scrubber::look_at_other_files(std::set<std::string>& there) {
    auto names = co_await upkeep_.other_files();
    if (!names) co_return std::move(names).error();
    for (const auto* note : {Quarantine::file, ScrubState::file}) names->emplace_back(note);
    for (const auto& name : *names) {
        there.insert(name);
        auto looked = co_await look_at_other_file(name);
        if (!looked) co_return looked;
    }
    co_return Result<void>{};
}

Async<void> Scrubber::look_at_other_file(const std::string& name) {
    std::string wrong;
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto found = co_await damage_of(name);
        if (loop_.stopping()) co_return stopping_error();
        // It may be gone: a log whose rows are in files, or a note that was never made.
        if (!found && found.error().kind != StorageError::Kind::unavailable)
            co_return std::move(found).error();
        wrong = found ? *std::move(found) : std::string();
        if (wrong.empty()) {
            upkeep_.damage().forget_file(name);
            co_return Result<void>{};
        }
    }
    note_file(name, std::move(wrong));
    co_return Result<void>{};
}

/// What is wrong with a file that has no checksum as a whole; empty: nothing.
Async<std::string> Scrubber::damage_of(const std::string& name) {
    for (std::uint64_t offset = 0;;) {
        if (loop_.stopping()) co_return stopping_error();
        auto piece = co_await upkeep_.check_file(name, offset);
        if (!piece) co_return std::move(piece).error();
        note_read(piece->bytes_read);
        co_await throttle_.spend(piece->bytes_read);
        if (!piece->damage.empty())
            co_return piece->damage + ", behind byte " + std::to_string(offset);
        if (piece->end) break;
        offset = piece->next_offset;
    }
    const bool is_quarantine = name == Quarantine::file;
    if (!is_quarantine && name != ScrubState::file) co_return std::string();
    auto content = co_await upkeep_.read_note(name);
    if (!content) co_return std::move(content).error();
    bool parses = true;
    if (is_quarantine)
        parses = Quarantine::parse(*content, store_.clock.steady()).has_value();
    else
        parses = ScrubState::parse(*content).has_value();
    co_return std::string(parses || content->empty() ? "" : "it does not parse");
}

void Scrubber::note_file(const std::string& name, std::string wrong) {
    base::log::error("scrub.damaged", {{"file", name}, {"detail", wrong}});
    Damage damage;
    damage.kind = Damage::Kind::file;
    damage.file = name;
    damage.what = std::move(wrong);
    upkeep_.damage().note(std::move(damage));
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
    note_file(file.name, std::move(found));
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
