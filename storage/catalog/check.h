/// Compares everything the index says with everything that is stored, and changes nothing: each row
/// parses, each blob a row refers to is there, whole and names that row, small bodies and manifests
/// are there, and each extent in the segments is live, queued for release or an orphan.
///
/// Memory: some 100 bytes for each extent. threads: one event loop; reads in the background.
/// source: spec durability 2.7, P11.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/catalog/store.h"
#include "storage/upkeep.h"

namespace holdfast::storage::catalog {

struct CheckReport {
    static constexpr std::size_t problems_max = 10'000;

    std::uint64_t rows = 0;
    std::uint64_t buckets = 0;
    std::uint64_t objects = 0;
    std::uint64_t uploads = 0;
    std::uint64_t parts = 0;          ///< of unfinished uploads
    std::uint64_t inline_bodies = 0;  ///< small objects, beside their record
    std::uint64_t blobs = 0;
    std::uint64_t segments = 0;
    // Of the segments, in bytes; together they are segment_bytes.
    std::uint64_t live_bytes = 0;
    std::uint64_t queued_bytes = 0;      ///< named by garbage rows
    std::uint64_t orphan_bytes = 0;      ///< extents that no row names
    std::uint64_t unfinished_bytes = 0;  ///< writers that were cut off
    std::uint64_t unknown_bytes = 0;     ///< no header says what it is
    std::uint64_t free_bytes = 0;        ///< holes
    std::uint64_t segment_bytes = 0;     ///< sizes of the files

    std::uint64_t problems_found = 0;
    std::vector<std::string> problems;  ///< the first problems_max, one line each
};

class Check {
public:
    /// It outlives the check.
    explicit Check(Upkeep& upkeep) : upkeep_(upkeep) {}

    /// errors: of reading the index as a whole; what single rows and blobs suffer from is reported.
    Async<CheckReport> run();

private:
    struct Owner {
        std::string bucket;
        std::string row;  ///< that the blob's identity must name; empty: not compared
        std::string key;
        std::uint32_t part = 0;
    };
    Async<void> read_bucket_names();
    Async<void> check_rows();
    Async<void> check_row(RowSnapshot& snapshot, const RowSnapshot::Entry& entry);
    Async<void> check_object(RowSnapshot& snapshot, const RowSnapshot::Entry& entry);
    Async<void> check_manifests(RowSnapshot& snapshot, const RowSnapshot::Entry& entry,
                                const records::Object& object, const Owner& owner);
    Async<void> check_body(const records::Body& body, Owner owner);
    Async<void> check_blob(const BlobRef& blob, Owner owner);
    Async<void> check_segment(const SegmentInfo& segment);
    void count(const SegmentPiece& piece);
    void problem(const Owner& owner, const std::string& what);
    void problem(std::string line);

    Upkeep& upkeep_;
    CheckReport report_;
    std::map<Partition, std::string> bucket_names_;
    /// Where the extents are that rows name, and whether they are queued for release.
    std::map<std::pair<std::uint64_t, std::uint64_t>, bool> extents_;
};

}  // namespace holdfast::storage::catalog
