/// Hands out runs of the open segment of one stream, and opens the next segment when it is full.
///
/// A segment is made under its final name, its directory synced before the first run is handed
/// out, and its disk space allocated in steps ahead of what is handed out, so that a mostly empty
/// store takes no gigabyte of disk. threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/vfs.h"
#include "storage/local/engine.h"
#include "storage/local/segment.h"

namespace holdfast::storage::local {

/// The segments that may still be written: not to be unlinked, and synced when writers wait.
class OpenSegments {
public:
    void add(std::shared_ptr<Segment> segment);
    void remove(std::uint64_t number);
    [[nodiscard]] bool contains(std::uint64_t number) const;
    [[nodiscard]] std::vector<std::shared_ptr<Segment>> all() const;

private:
    mutable std::mutex mutex_;
    std::map<std::uint64_t, std::shared_ptr<Segment>> segments_;
};

/// Makes segment files; shared by the streams, so that their names differ.
class SegmentFactory {
public:
    struct Context {
        base::Vfs& vfs;
        std::string directory;
        std::uint32_t incarnation = 0;
        Durability durability = Durability::strict;
        OpenSegments& open;
        UnsyncedBudget& budget;
        SegmentCounters& counters;
        std::function<void(const base::IoError&)> directory_failed;
    };
    explicit SegmentFactory(Context context) : context_(std::move(context)) {}

    /// The name is durable when it returns. Blocks.
    Result<std::shared_ptr<Segment>> make();

private:
    Context context_;
    std::atomic<std::uint32_t> sequence_ = 0;
};

class SegmentStream {
public:
    /// `retire` is told of a sealed segment nobody writes to any more.
    SegmentStream(SegmentFactory& factory, std::uint64_t segment_bytes,
                  std::function<void(std::shared_ptr<Segment>)> retire)
        : factory_(factory), segment_bytes_(segment_bytes), retire_(std::move(retire)) {}

    /// Nothing when that would block. REQUIRES: bytes is a multiple of the alignment and no more
    /// than segment_bytes.
    std::optional<Reservation> try_reserve(std::uint64_t bytes);
    /// May block. errors: out_of_space, io.
    Result<Reservation> reserve(std::uint64_t bytes);
    /// The open segment takes nothing more.
    void seal();

private:
    Result<void> make_room(std::uint64_t bytes);
    Result<void> allocate_ahead(Segment& segment, std::uint64_t from, std::uint64_t bytes);
    Result<void> open_next();

    SegmentFactory& factory_;
    const std::uint64_t segment_bytes_;
    const std::function<void(std::shared_ptr<Segment>)> retire_;
    std::mutex growth_mutex_;  ///< held while room is made; taken before mutex_
    std::mutex mutex_;
    std::shared_ptr<Segment> segment_;
    std::uint64_t next_offset_ = 0;
    std::uint64_t allocated_bytes_ = 0;
};

}  // namespace holdfast::storage::local
