/// Rows that do wrong now and then, for the model tests' check of themselves. threads: one.
#pragma once

#include <map>

#include "storage/memory/engine.h"

namespace holdfast::model_test {

enum class Wrong {
    nothing,
    write_lost,     ///< an answer says done, and nothing is
    write_undone,   ///< it shows once and is the older value afterwards
    delete_lost,    ///< what was deleted stays
    page_shortened  ///< a scan leaves its last row out
};

class BrokenRows final : public storage::MetadataStore {
public:
    explicit BrokenRows(Wrong wrong) : wrong_(wrong) {}

    storage::Async<std::vector<std::optional<storage::Row>>> get(
        const storage::Partition& partition, std::vector<storage::RowKey> keys) override;
    storage::Async<storage::ScanPage> scan(const storage::Partition& partition,
                                           storage::ScanRange range) override;
    storage::Async<storage::RowVersion> commit(const storage::Partition& partition,
                                               storage::Transaction transaction) override;

private:
    /// Every fifth time.
    bool due() { return ++count_ % 5 == 0; }

    const Wrong wrong_;
    int count_ = 0;
    std::map<std::string, std::string> older_;  ///< value of a row before it was replaced
    std::unique_ptr<storage::MetadataStore> rows_ = storage::memory::make_metadata_store();
};

}  // namespace holdfast::model_test
