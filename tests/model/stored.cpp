#include "tests/model/stored.h"

#include <map>
#include <vector>

#include "tests/run_coroutine.h"

namespace holdfast::model_test {

namespace {

namespace catalog = storage::catalog;
namespace records = catalog::records;

const std::string garbage_owner = "garbage";

class Walk {
public:
    explicit Walk(catalog::Store& store) : store_(store) {}

    std::string run() {
        for (const auto& row : scan(catalog::system_partition, "n")) {
            const auto bucket = parse<records::Bucket>(row.value, row.key);
            look_at(catalog::bucket_partition(bucket.id()));
        }
        // What deleted buckets still have is the reclaimer's; it may be gone half.
        verifies_ = false;
        for (const auto& row : scan(catalog::system_partition, "d"))
            look_at(catalog::bucket_partition(row.key.substr(1)));
        return findings_;
    }
    [[nodiscard]] std::size_t blobs() const { return named_.size(); }

private:
    void look_at(const storage::Partition& partition) {
        for (const auto& row : scan(partition, "o")) {
            const auto object = parse<records::Object>(row.value, row.key);
            if (object.has_body()) look_at(object.body(), row.key);
            if (object.has_completion()) look_at(object.completion(), row.key);
            for (int chunk = 0; chunk < object.manifest_size(); ++chunk)
                look_at_manifest(partition, row.key, static_cast<std::uint32_t>(chunk));
        }
        for (const auto& row : scan(partition, "p"))
            look_at(parse<records::Part>(row.value, row.key).body(), row.key);
        for (const auto& row : scan(partition, "g")) {
            const auto garbage = parse<records::Garbage>(row.value, "g");
            for (const auto& blob : garbage.blobs()) name(blob, garbage_owner);
        }
    }
    void look_at_manifest(const storage::Partition& partition, const std::string& object_row,
                          std::uint32_t chunk) {
        const auto keys = std::vector<storage::RowKey>{
            {storage::RowFamily::body, catalog::manifest_row(object_row.substr(1), chunk)}};
        auto rows = test::run(store_.metadata.get(partition, keys));
        if (!rows || !(*rows)[0]) return report("no manifest", object_row);
        const auto manifest = parse<records::Manifest>((*rows)[0]->value, object_row);
        for (const auto& part : manifest.parts()) look_at(part.body(), object_row);
    }
    void look_at(const records::Body& body, const std::string& owner) {
        if (!body.has_blob()) return;
        name(body.blob(), owner);
        if (verifies_) verify(body.blob(), owner);
    }
    void name(const records::BlobRef& blob, const std::string& owner) {
        auto place = blob.id();
        if (blob.extents_size() > 0)
            place += std::to_string(blob.extents(0).segment()) + ":" +
                     std::to_string(blob.extents(0).offset());
        const auto added = named_.emplace(std::move(place), owner);
        if (!added.second)
            return report("a blob is named twice, also by " + added.first->second, owner);
        // One that was moved has its id in a garbage row too, with the place it came from.
        if (owner == garbage_owner) return;
        const auto live = live_.emplace(blob.id(), owner);
        if (!live.second) report("a blob is at two places, also for " + live.first->second, owner);
    }
    void verify(const records::BlobRef& blob, const std::string& owner) {
        auto reader = test::run(store_.blobs.open(catalog::from_record(blob)));
        if (!reader) return report("its blob does not open: " + reader.error().detail, owner);
        const auto frame = blob.frame_bytes();
        const auto frames = (blob.stored_bytes() + frame - 1) / frame;
        base::Bytes to(frame);
        std::uint64_t bytes = 0;
        for (std::uint64_t at = 0; at < frames; ++at) {
            auto read = test::run((*reader)->read(at, 1, to));
            if (!read) return report("a frame does not verify: " + read.error().detail, owner);
            bytes += *read;
        }
        if (bytes != blob.stored_bytes()) report("its blob is of another size", owner);
    }
    std::vector<storage::Row> scan(const storage::Partition& partition, const std::string& kind) {
        storage::ScanRange range;
        range.begin = kind;
        range.end = std::string(1, static_cast<char>(kind[0] + 1));
        range.rows_max = 1'000'000;
        range.bytes_max = 1ULL << 40;
        auto page = test::run(store_.metadata.scan(partition, std::move(range)));
        if (page) return std::move(page->rows);
        report("a scan fails: " + page.error().detail, kind);
        return {};
    }
    template <class Record>
    Record parse(const std::string& value, const std::string& owner) {
        Record record;
        if (!record.ParseFromString(value)) report("its row does not parse", owner);
        return record;
    }
    void report(const std::string& what, const std::string& owner) {
        findings_ += "stored: " + what + " (" + owner + ")\n";
    }

    catalog::Store& store_;
    std::map<std::string, std::string> named_;  ///< owner by id and place
    std::map<std::string, std::string> live_;   ///< owner by id, but for garbage
    bool verifies_ = true;
    std::string findings_;
};

}  // namespace

std::string check_stored(World& world) {
    Walk walk(world.endpoint().store());
    auto findings = walk.run();
    const auto live = world.live_blobs();
    if (live && *live != walk.blobs())
        findings += "stored: " + std::to_string(*live) + " blobs live, " +
                    std::to_string(walk.blobs()) + " referenced or queued\n";
    return findings;
}

}  // namespace holdfast::model_test
