#include "storage/local/index_access.h"

#include <algorithm>

#include "base/assert.h"

namespace holdfast::storage::local {

IndexAccess::~IndexAccess() {
    close();
}

IndexAccess::Counter& IndexAccess::counter_of_this_thread() {
    static std::atomic<std::size_t> threads = 0;
    thread_local const std::size_t number = threads++;
    return counters_[number % counters_max];
}

// Counted before the pointer is read, and the pointer is taken away before the counters are read,
// each sequentially consistent: either the user sees that it is closed, or close() sees the user.
IndexAccess::Use IndexAccess::try_use() {
    Counter& counter = counter_of_this_thread();
    counter.users.fetch_add(1);
    OpenIndex* const index = current_.load();
    if (index != nullptr) return {*this, counter, *index};
    leave(counter);
    return {};
}

IndexAccess::Use IndexAccess::use() {
    for (;;) {
        if (auto use = try_use()) return use;
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return gone_ || current_.load() != nullptr; });
        if (gone_) return {};
    }
}

void IndexAccess::leave(Counter& counter) {
    counter.users.fetch_sub(1);
    if (current_.load() != nullptr) return;
    // Somebody may wait in close(). Under the lock, so that it is not missed.
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
}

bool IndexAccess::is_idle() const {
    return std::all_of(counters_.begin(), counters_.end(),
                       [](const Counter& counter) { return counter.users.load() == 0; });
}

void IndexAccess::add(Dependent& dependent) {
    const std::lock_guard lock(dependents_mutex_);
    dependents_.insert(&dependent);
}

void IndexAccess::remove(Dependent& dependent) {
    const std::lock_guard lock(dependents_mutex_);
    dependents_.erase(&dependent);
}

void IndexAccess::open(std::unique_ptr<OpenIndex> index) {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(!owned_);
    owned_ = std::move(index);
    gone_ = false;
    current_ = owned_.get();
    changed_.notify_all();
}

std::unique_ptr<OpenIndex> IndexAccess::close() {
    std::unique_lock lock(mutex_);
    if (!owned_) return nullptr;
    current_ = nullptr;
    changed_.wait(lock, [&] { return is_idle(); });
    auto closed = std::move(owned_);
    read_failures_ += closed->database->read_failures();
    lock.unlock();
    // Nobody can make another one: that takes a use.
    const std::lock_guard dependents(dependents_mutex_);
    for (auto* dependent : dependents_) dependent->let_go();
    return closed;
}

void IndexAccess::give_up() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
}

std::uint64_t IndexAccess::read_failures() {
    const std::lock_guard lock(mutex_);
    return read_failures_ + (owned_ ? owned_->database->read_failures() : 0);
}

}  // namespace holdfast::storage::local
