#include "tests/model/broken_rows.h"

#include <algorithm>

namespace holdfast::model_test {

namespace {

/// Whether it puts or takes away an object; nothing else is meddled with.
template <class List>
bool touches_object(const List& list) {
    return std::any_of(list.begin(), list.end(), [](const auto& item) {
        if constexpr (requires { item.value; })
            return item.key.family == storage::RowFamily::index && item.key.key.front() == 'o';
        else
            return item.family == storage::RowFamily::index && item.key.front() == 'o';
    });
}

}  // namespace

storage::Async<std::vector<std::optional<storage::Row>>> BrokenRows::get(
    const storage::Partition& partition, std::vector<storage::RowKey> keys) {
    auto rows = co_await rows_->get(partition, std::move(keys));
    if (!rows || wrong_ != Wrong::write_undone) co_return rows;
    for (auto& row : *rows) {
        if (!row || row->key.front() != 'o') continue;
        auto& known = older_[partition + row->key];
        if (known.empty()) known = row->value;
        if (due()) row->value = known;
    }
    co_return rows;
}

storage::Async<storage::ScanPage> BrokenRows::scan(const storage::Partition& partition,
                                                   storage::ScanRange range) {
    auto page = co_await rows_->scan(partition, std::move(range));
    const bool wrong = wrong_ == Wrong::page_shortened && page && page->rows.size() > 1 && due();
    if (wrong) page->rows.pop_back();
    co_return page;
}

storage::Async<storage::RowVersion> BrokenRows::commit(const storage::Partition& partition,
                                                       storage::Transaction transaction) {
    if (wrong_ == Wrong::write_lost && touches_object(transaction.puts) && due())
        co_return storage::RowVersion{1};
    if (wrong_ == Wrong::delete_lost && touches_object(transaction.deletes) && due())
        transaction.deletes.clear();
    co_return co_await rows_->commit(partition, std::move(transaction));
}

}  // namespace holdfast::model_test
