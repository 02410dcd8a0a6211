/// Builds one blob in its extents: reserves runs, writes headers, frames, tables and end marks.
///
/// threads: one call at a time, on a thread that may block (try_start never blocks).
#pragma once

#include <cstdint>
#include <vector>

#include "storage/blob_store.h"
#include "storage/local/segment_works.h"

namespace holdfast::storage::local {

class BlobAssembly {
public:
    BlobAssembly(SegmentWorks& works, const BlobOptions& options)
        : works_(works), lane_(works.lane_for(options)), options_(options) {
        works_.writers.add(options_.id);
    }
    BlobAssembly(const BlobAssembly&) = delete;
    BlobAssembly& operator=(const BlobAssembly&) = delete;
    /// What was not sealed goes back, in the background.
    ~BlobAssembly();

    /// Sets the space of the whole blob aside; of a completion nothing, it may go into the reserve.
    /// errors: out_of_space, io.
    Result<void> promise_space();
    /// Reserves the first run when that does not block.
    bool try_start();
    /// errors: out_of_space, io.
    Result<void> start();

    /// Whole frames, but for the last call. errors: out_of_space, io; the blob is then lost.
    Result<void> put(base::ByteView frames);
    /// Table, identity and end mark. Nothing is durable yet.
    Result<void> seal(const BlobIdentity& identity);
    /// put and seal in one write, for a blob whose frames are all in `image`, behind
    /// extent_header_bytes of room for the header.
    Result<void> put_sealed(base::Bytes& image, const BlobIdentity& identity);

    /// Each segment written to, once.
    [[nodiscard]] std::vector<std::shared_ptr<Segment>> segments() const;
    /// REQUIRES: sealed, and durable: the space stays taken from here on.
    BlobRef keep();
    [[nodiscard]] SegmentLane& lane() { return lane_; }

private:
    struct Run {
        Reservation place;
        std::uint64_t frames_max = 0;
        std::uint64_t frames = 0;
        std::uint64_t data_bytes = 0;
        std::uint64_t length = 0;  ///< once closed
        bool begun = false;        ///< the header is written
        base::Bytes table;
        std::uint64_t written_back_bytes = 0;
    };
    struct Shape {
        std::uint64_t bytes = 0;
        std::uint64_t frames_max = 0;
    };
    [[nodiscard]] std::uint64_t frames_per_run_max() const;
    [[nodiscard]] Shape next_shape() const;
    Result<void> reserve(const Shape& shape);
    void make_room();
    void take(Reservation place, const Shape& shape);
    [[nodiscard]] std::vector<Reservation> take_places();
    [[nodiscard]] ExtentHeader header_of(std::size_t run) const;
    Result<void> begin(Run& run);
    void add_to_table(Run& run, base::ByteView frames);
    Result<void> put_into(Run& run, base::ByteView frames);
    [[nodiscard]] base::Bytes stamped(BlobIdentity identity) const;
    Result<void> close(Run& run, base::ByteView identity, bool last);
    void append_end(Run& run, base::ByteView identity, bool last, base::Bytes& to);
    void keep_flowing(Run& run);
    void settle(std::uint64_t bytes);

    SegmentWorks& works_;
    SegmentLane& lane_;
    const BlobOptions options_;
    std::vector<Run> runs_;
    std::vector<Reservation> places_;  ///< empty, with room for all that runs_ hold
    std::uint64_t frames_ = 0;
    std::uint64_t stored_bytes_ = 0;
    std::uint64_t promised_bytes_ = 0;
};

}  // namespace holdfast::storage::local
