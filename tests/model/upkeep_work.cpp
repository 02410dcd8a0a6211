#include "tests/model/upkeep_work.h"

#include <set>

#include "storage/workers/orphan_collector.h"
#include "storage/workers/scrubber.h"
#include "tests/loop_of_nobody.h"
#include "tests/run_coroutine.h"

namespace holdfast::model_test {

namespace {

namespace workers = storage::workers;

/// Of no bucket, so that neither requests nor workers see what is in it.
const storage::Partition scratch{"scratch"};
constexpr std::size_t scratch_row_bytes = 8 << 10;
constexpr int scratch_rows = 8;
/// A memtable is full and the next ones must wait for it long before.
constexpr int commits_to_flush_max = 500;
constexpr int flushes_to_compact_max = 100;
/// Of what has no owner, before it is kept aside and before it is given back.
constexpr std::chrono::seconds leftover_age{1};

/// Files that the index has, and had: which of them are new, which are gone.
class IndexFiles {
public:
    explicit IndexFiles(storage::Upkeep& upkeep) : upkeep_(upkeep) {}

    /// What went wrong.
    std::string look() {
        const auto files = test::run(upkeep_.index_files());
        if (!files) return "the index' files cannot be listed: " + files.error().detail;
        std::set<std::string> names;
        for (const auto& file : *files) names.insert(file.name);
        grew_ = false;
        shrank_ = false;
        for (const auto& name : names) grew_ = known_.insert(name).second || grew_;
        for (const auto& name : known_) shrank_ = shrank_ || names.count(name) == 0;
        return {};
    }
    [[nodiscard]] bool grew() const { return grew_; }
    [[nodiscard]] bool shrank() const { return shrank_; }

private:
    storage::Upkeep& upkeep_;
    std::set<std::string> known_;
    bool grew_ = false;
    bool shrank_ = false;
};

std::string commit(const UpkeepTools& tools, storage::Transaction transaction) {
    auto& rows = tools.endpoint.store().metadata;
    const auto done = test::run(rows.commit(scratch, std::move(transaction)));
    return done ? "" : "a commit fails: " + done.error().detail;
}

std::string write_scratch(const UpkeepTools& tools) {
    storage::Transaction transaction;
    for (int i = 0; i < scratch_rows; ++i)
        transaction.puts.push_back({{storage::RowFamily::index, std::to_string(i)},
                                    std::string(scratch_row_bytes, static_cast<char>('a' + i))});
    return commit(tools, std::move(transaction));
}

std::string remove_scratch(const UpkeepTools& tools) {
    storage::Transaction transaction;
    for (int i = 0; i < scratch_rows; ++i)
        transaction.deletes.push_back({storage::RowFamily::index, std::to_string(i)});
    return commit(tools, std::move(transaction));
}

std::string flush_once(const UpkeepTools& tools, IndexFiles& files) {
    for (int i = 0; i < commits_to_flush_max; ++i) {
        if (auto wrong = write_scratch(tools); !wrong.empty()) return wrong;
        if (auto wrong = files.look(); !wrong.empty() || files.grew()) return wrong;
    }
    return "the index writes no file";
}

/// What the engine learns from giving a blob back: whether holes can be punched.
storage::Async<void> write_and_release(const UpkeepTools& tools) {
    auto& store = tools.endpoint.store();
    storage::BlobOptions options;
    store.random.fill(options.id);
    options.frame_bytes = scratch_row_bytes;
    auto writer = co_await store.blobs.create(options);
    if (!writer) co_return std::move(writer).error();
    const base::Bytes content(scratch_row_bytes, 'x');
    auto appended = co_await (*writer)->append(content);
    if (!appended) co_return std::move(appended).error();
    const storage::BlobIdentity identity{scratch, "blob", ""};
    auto ref = co_await (*writer)->finish(identity);
    if (!ref) co_return std::move(ref).error();
    co_return co_await store.blobs.release(*ref);
}

}  // namespace

std::string flush_index(const UpkeepTools& tools) {
    IndexFiles files(tools.upkeep);
    if (auto wrong = files.look(); !wrong.empty()) return wrong;
    if (auto wrong = flush_once(tools, files); !wrong.empty()) return wrong;
    return remove_scratch(tools);
}

std::string compact_index(const UpkeepTools& tools) {
    IndexFiles files(tools.upkeep);
    if (auto wrong = files.look(); !wrong.empty()) return wrong;
    for (int i = 0; i < flushes_to_compact_max; ++i) {
        if (auto wrong = flush_once(tools, files); !wrong.empty()) return wrong;
        if (files.shrank()) return remove_scratch(tools);
    }
    return "the index merges no files";
}

std::string scrub(const UpkeepTools& tools) {
    tests::LoopOfNobody borrowed;
    auto& loop = *borrowed;
    workers::ScrubberOptions options;
    options.bytes_per_second = 0;
    workers::Scrubber scrubber(loop.get_executor(), tools.endpoint.store(),
                               tools.endpoint.buckets(), tools.upkeep, options);
    const auto once = [&scrubber]() -> base::Awaitable<void> {
        co_await scrubber.run_once();
        co_await scrubber.recheck();  // what is listed and was not met: it may have gone
        co_await scrubber.stop();
    };
    test::run_on(loop, once());
    std::string wrong;
    if (const auto failure = scrubber.report().failure; !failure.empty())
        wrong = "the scrub fails: " + failure + "\n";
    for (const auto& damage : tools.upkeep.damage().all())
        wrong += "damaged: " + damage.file + damage.row_key + ": " + damage.what + "\n";
    return wrong;
}

std::string sweep(const UpkeepTools& tools, std::uint64_t& moved) {
    tests::LoopOfNobody borrowed;
    auto& loop = *borrowed;
    workers::CollectorOptions options;
    options.quarantine = leftover_age;
    options.young_age = leftover_age;
    workers::OrphanCollector collector(loop.get_executor(), tools.endpoint.store(), tools.upkeep,
                                       options);
    std::string wrong;
    const auto passes = [&]() -> base::Awaitable<void> {
        // It is seen, kept aside once it is old enough, and given back after that.
        for (int pass = 0; pass < 3 && wrong.empty(); ++pass) {
            co_await collector.run_once(false);
            wrong = collector.report().failure;
            moved += collector.report().moved;
            tools.clock.advance(leftover_age);
        }
        co_await collector.stop();
    };
    test::run_on(loop, passes());
    if (!wrong.empty()) return "a pass of the collector fails: " + wrong;
    const auto report = collector.report();
    // After a failure of the index it gives nothing back until the next start.
    if (!report.blocked.empty() && tools.upkeep.index_failures() > 0) return {};
    if (!report.blocked.empty()) return "the collector gives nothing back: " + report.blocked;
    if (report.orphans + report.quarantined == 0) return {};
    return std::to_string(report.orphans) + " extents have no owner and " +
           std::to_string(report.quarantined) + " are kept aside after three passes";
}

std::string move_blobs(const UpkeepTools& tools, std::uint64_t& moved) {
    const auto learnt = test::run(write_and_release(tools));
    if (!learnt) return "a blob cannot be written and released: " + learnt.error().detail;
    if (tools.upkeep.punches_holes()) return "holes are punched where none can be";
    return sweep(tools, moved);
}

}  // namespace holdfast::model_test
