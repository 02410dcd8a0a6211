#include "tests/component/workers/faulty_engine.h"

namespace holdfast::test {

using namespace storage;

void CallFaults::fail(Fault fault) {
    fault_ = std::move(fault);
    matching_ = 0;
    failed_ = false;
}

std::optional<StorageError> CallFaults::meet(const char* call) {
    if (before) before(call);
    if (!fault_ || (!fault_->call.empty() && fault_->call != call)) return std::nullopt;
    ++matching_;
    if (matching_ < fault_->nth || (matching_ > fault_->nth && !fault_->for_ever))
        return std::nullopt;
    failed_ = true;
    return StorageError{fault_->kind, std::string("told by the test: ") + call};
}

namespace {

class FaultySnapshot final : public RowSnapshot {
public:
    FaultySnapshot(std::unique_ptr<RowSnapshot> below, CallFaults& faults)
        : below_(std::move(below)), faults_(faults) {}
    Async<std::vector<Entry>> next(std::uint32_t rows_max) override {
        if (auto error = faults_.meet("snapshot.next")) co_return *std::move(error);
        co_return co_await below_->next(rows_max);
    }
    Async<void> skip_unreadable() override {
        if (auto error = faults_.meet("snapshot.skip")) co_return *std::move(error);
        co_return co_await below_->skip_unreadable();
    }
    Async<std::vector<std::optional<Row>>> bodies(const Partition& partition,
                                                  std::vector<std::string> keys) override {
        if (auto error = faults_.meet("snapshot.bodies")) co_return *std::move(error);
        co_return co_await below_->bodies(partition, std::move(keys));
    }

private:
    std::unique_ptr<RowSnapshot> below_;
    CallFaults& faults_;
};

class FaultyReader final : public BlobReader {
public:
    FaultyReader(std::unique_ptr<BlobReader> below, CallFaults& faults)
        : below_(std::move(below)), faults_(faults) {}
    Async<std::size_t> read(std::uint64_t first_frame, std::uint64_t count,
                            base::ByteSpan to) override {
        if (auto error = faults_.meet("reader.read")) co_return *std::move(error);
        co_return co_await below_->read(first_frame, count, to);
    }

private:
    std::unique_ptr<BlobReader> below_;
    CallFaults& faults_;
};

class FaultyWriter final : public BlobWriter {
public:
    FaultyWriter(std::unique_ptr<BlobWriter> below, CallFaults& faults)
        : below_(std::move(below)), faults_(faults) {}
    Async<void> append(base::ByteView frames) override {
        if (auto error = faults_.meet("writer.append")) co_return *std::move(error);
        co_return co_await below_->append(frames);
    }
    Async<BlobRef> finish(const BlobIdentity& identity) override {
        if (auto error = faults_.meet("writer.finish")) co_return *std::move(error);
        co_return co_await below_->finish(identity);
    }

private:
    std::unique_ptr<BlobWriter> below_;
    CallFaults& faults_;
};

}  // namespace

Async<std::vector<std::optional<Row>>> FaultyRows::get(const Partition& partition,
                                                       std::vector<RowKey> keys) {
    if (auto error = faults_.meet("rows.get")) co_return *std::move(error);
    co_return co_await below_.get(partition, std::move(keys));
}

Async<ScanPage> FaultyRows::scan(const Partition& partition, ScanRange range) {
    if (auto error = faults_.meet("rows.scan")) co_return *std::move(error);
    co_return co_await below_.scan(partition, std::move(range));
}

Async<RowVersion> FaultyRows::commit(const Partition& partition, Transaction transaction) {
    auto error = faults_.meet("rows.commit");
    if (error && !faults_.is_done()) co_return *std::move(error);
    auto committed = co_await below_.commit(partition, std::move(transaction));
    if (error) co_return *std::move(error);
    co_return committed;
}

Async<std::unique_ptr<BlobWriter>> FaultyBlobs::create(BlobOptions options) {
    if (auto error = faults_.meet("blobs.create")) co_return *std::move(error);
    auto made = co_await below_.create(std::move(options));
    if (!made) co_return std::move(made).error();
    std::unique_ptr<BlobWriter> faulty = std::make_unique<FaultyWriter>(*std::move(made), faults_);
    co_return faulty;
}

Async<std::unique_ptr<BlobReader>> FaultyBlobs::open(const BlobRef& ref) {
    if (auto error = faults_.meet("blobs.open")) co_return *std::move(error);
    auto opened = co_await below_.open(ref);
    if (!opened) co_return std::move(opened).error();
    std::unique_ptr<BlobReader> faulty =
        std::make_unique<FaultyReader>(*std::move(opened), faults_);
    co_return faulty;
}

Async<void> FaultyBlobs::check_space(std::uint64_t bytes) {
    if (auto error = faults_.meet("blobs.check_space")) co_return *std::move(error);
    co_return co_await below_.check_space(bytes);
}

Async<void> FaultyBlobs::release(const BlobRef& ref) {
    auto error = faults_.meet("blobs.release");
    if (error && !faults_.is_done()) co_return *std::move(error);
    auto released = co_await below_.release(ref);
    if (error) co_return *std::move(error);
    co_return released;
}

Async<std::unique_ptr<RowSnapshot>> FaultyUpkeep::snapshot(RowPosition after) {
    if (auto error = faults_.meet("upkeep.snapshot")) co_return *std::move(error);
    auto made = co_await below_.snapshot(std::move(after));
    if (!made) co_return std::move(made).error();
    std::unique_ptr<RowSnapshot> faulty =
        std::make_unique<FaultySnapshot>(*std::move(made), faults_);
    co_return faulty;
}

Async<std::vector<SegmentInfo>> FaultyUpkeep::segments() {
    if (auto error = faults_.meet("upkeep.segments")) co_return *std::move(error);
    co_return co_await below_.segments();
}

Async<SegmentPage> FaultyUpkeep::scan(std::uint64_t segment, std::uint64_t from) {
    if (auto error = faults_.meet("upkeep.scan")) co_return *std::move(error);
    co_return co_await below_.scan(segment, from);
}

Async<void> FaultyUpkeep::trim(std::uint64_t segment, std::vector<Extent> zeros) {
    if (auto error = faults_.meet("upkeep.trim")) co_return *std::move(error);
    co_return co_await below_.trim(segment, std::move(zeros));
}

Async<void> FaultyUpkeep::drop(std::uint64_t segment) {
    if (auto error = faults_.meet("upkeep.drop")) co_return *std::move(error);
    co_return co_await below_.drop(segment);
}

Async<BlobCheck> FaultyUpkeep::check(const BlobRef& blob, std::size_t extent) {
    if (auto error = faults_.meet("upkeep.check")) co_return *std::move(error);
    co_return co_await below_.check(blob, extent);
}

Async<std::vector<IndexFile>> FaultyUpkeep::index_files() {
    if (auto error = faults_.meet("upkeep.index_files")) co_return *std::move(error);
    co_return co_await below_.index_files();
}

Async<base::Bytes> FaultyUpkeep::read_index_file(const std::string& name, std::uint64_t offset,
                                                 std::uint64_t bytes) {
    if (auto error = faults_.meet("upkeep.read_index_file")) co_return *std::move(error);
    co_return co_await below_.read_index_file(name, offset, bytes);
}

Async<std::vector<std::string>> FaultyUpkeep::other_files() {
    if (auto error = faults_.meet("upkeep.other_files")) co_return *std::move(error);
    co_return co_await below_.other_files();
}

Async<FileCheck> FaultyUpkeep::check_file(const std::string& name, std::uint64_t from) {
    if (auto error = faults_.meet("upkeep.check_file")) co_return *std::move(error);
    co_return co_await below_.check_file(name, from);
}

Async<BodySpace> FaultyUpkeep::body_space() {
    if (auto error = faults_.meet("upkeep.body_space")) co_return *std::move(error);
    co_return co_await below_.body_space();
}

Async<BodyMergeStep> FaultyUpkeep::merge_bodies(BodyMerge merge) {
    if (auto error = faults_.meet("upkeep.merge_bodies")) co_return *std::move(error);
    co_return co_await below_.merge_bodies(std::move(merge));
}

Async<std::string> FaultyUpkeep::read_note(const std::string& name) {
    if (auto error = faults_.meet("upkeep.read_note")) co_return *std::move(error);
    co_return co_await below_.read_note(name);
}

Async<void> FaultyUpkeep::write_note(const std::string& name, std::string content) {
    if (auto error = faults_.meet("upkeep.write_note")) co_return *std::move(error);
    co_return co_await below_.write_note(name, std::move(content));
}

}  // namespace holdfast::test
