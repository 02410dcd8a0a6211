// Which steps in the log's numbers are gaps: spec durability 2.6.

#include "storage/local/wal_continuity.h"

#include <rocksdb/write_batch.h>

#include "base/bytes.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;

namespace {

/// Records as RocksDB hands them over while it replays.
struct Log {
    WalContinuity continuity{WalContinuity::Mode::replay};
    std::uint64_t next_sequence = 100;

    void hand_over(const rocksdb::WriteBatch& batch) {
        CHECK(continuity.LogRecordFound(7, "index/000007.log", batch, nullptr, nullptr) ==
              WalContinuity::WalProcessingOption::kContinueProcessing);
    }
    /// One row and what the committer says of it.
    void add(const std::string& log_data) {
        rocksdb::WriteBatch batch;
        REQUIRE(batch.Put("key", "value").ok());
        REQUIRE(batch.PutLogData(log_data).ok());
        std::string bytes = batch.Data();
        base::store_le64({reinterpret_cast<std::uint8_t*>(bytes.data()), 8}, next_sequence++);
        hand_over(rocksdb::WriteBatch(bytes));
    }
    void commit(RowVersion first, RowVersion last) { add(encode_commit_range({first, last})); }
};

}  // namespace

TEST_CASE("WAL continuity: 2.6 a step between the tables and the log is a gap",
          "[local][recovery]") {
    Log log;
    log.commit(5, 6);
    log.commit(7, 7);
    CHECK(log.continuity.gap_behind(4).text.empty());
    CHECK(log.continuity.gap_behind(9).text.empty());  // the log begins with what was flushed
    const auto gap = log.continuity.gap_behind(2);
    CHECK(gap.missing == 2);
    CHECK(gap.text == "commits 3 to 4 are missing between the tables and the log");
}

TEST_CASE("WAL continuity: 2.6 a step of the commit numbers or the sequence is a gap",
          "[local][recovery]") {
    Log log;
    log.commit(1, 3);
    SECTION("forwards") {
        log.commit(6, 6);
        CHECK(log.continuity.gap_behind(0).missing == 2);
        CHECK(log.continuity.gap_behind(0).text == "commits 4 to 5 are missing in 000007.log");
    }
    SECTION("backwards") {
        log.commit(3, 4);
        CHECK(log.continuity.gap_behind(0).text == "commit 3 comes twice in 000007.log");
        CHECK(log.continuity.seen()->last == 4);
    }
    SECTION("of the sequence alone") {
        ++log.next_sequence;
        log.commit(4, 4);
        CHECK(log.continuity.gap_behind(0).text == "sequence 102 follows 100 in 000007.log");
    }
    SECTION("the first one is told, all of them are counted") {
        log.commit(5, 5);
        log.commit(7, 7);
        CHECK(log.continuity.gap_behind(0).missing == 2);
        CHECK(log.continuity.gap_behind(0).text == "commits 4 to 4 are missing in 000007.log");
    }
}

TEST_CASE("WAL continuity: a record that is not the committer's says nothing of commits",
          "[local][recovery]") {
    Log log;
    log.commit(1, 1);
    log.add("somebody else's");
    log.hand_over(rocksdb::WriteBatch("short"));
    log.commit(2, 2);
    CHECK(log.continuity.seen()->last == 2);
    CHECK(log.continuity.gap_behind(0).text.empty());
}
