/// The index that is open right now, counted for everybody who uses it, so that it can be closed
/// and opened again under running readers.
///
/// A use costs two increments of a counter that hardly any other thread touches. It must be short:
/// one call of RocksDB, never across a co_await. What lives longer, a snapshot or an iterator, is a
/// Dependent and is told to let go.
///
/// threads: use and try_use any; the rest one. source: spec durability 2.5 (reopening).
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "storage/local/committer.h"
#include "storage/local/row_database.h"

namespace holdfast::storage::local {

struct OpenIndex {
    std::unique_ptr<RowDatabase> database;
    std::unique_ptr<Committer> committer;  ///< null while nothing is written
};

class IndexAccess {
    struct alignas(64) Counter {
        std::atomic<std::uint64_t> users{0};
    };

public:
    class Use {
    public:
        Use() = default;
        Use(Use&& other) noexcept
            : access_(other.access_),
              counter_(std::exchange(other.counter_, nullptr)),
              index_(other.index_) {}
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        Use& operator=(Use&&) = delete;
        ~Use() {
            if (counter_ != nullptr) access_->leave(*counter_);
        }
        explicit operator bool() const { return counter_ != nullptr; }
        /// REQUIRES: not empty.
        [[nodiscard]] const RowDatabase& database() const { return *index_->database; }
        /// Null while nothing is written.
        [[nodiscard]] Committer* committer() const { return index_->committer.get(); }

    private:
        friend class IndexAccess;
        Use(IndexAccess& access, Counter& counter, OpenIndex& index)
            : access_(&access), counter_(&counter), index_(&index) {}
        IndexAccess* access_ = nullptr;
        Counter* counter_ = nullptr;
        OpenIndex* index_ = nullptr;
    };

    /// Holds something of the database longer than a use.
    class Dependent {
    public:
        virtual ~Dependent() = default;
        /// Destroys it, from any thread; nothing of the database is used after that.
        virtual void let_go() = 0;
    };

    IndexAccess() = default;
    IndexAccess(const IndexAccess&) = delete;
    IndexAccess& operator=(const IndexAccess&) = delete;
    /// Nobody may be inside.
    ~IndexAccess();

    /// Never blocks; empty while the index is closed.
    Use try_use();
    /// Waits while the index is being reopened; empty when it could not be opened again.
    Use use();
    void add(Dependent& dependent);
    void remove(Dependent& dependent);

    void open(std::unique_ptr<OpenIndex> index);
    /// Waits for everybody who uses it. Nothing when it is closed.
    std::unique_ptr<OpenIndex> close();
    /// Whoever waits in use() comes back empty, until the next open().
    void give_up();

    /// Reads that failed since the first open(), of databases closed since as well.
    [[nodiscard]] std::uint64_t read_failures();

private:
    friend class Use;
    static constexpr std::size_t counters_max = 16;

    Counter& counter_of_this_thread();
    void leave(Counter& counter);
    [[nodiscard]] bool is_idle() const;

    std::array<Counter, counters_max> counters_;
    std::atomic<OpenIndex*> current_{nullptr};
    std::mutex mutex_;
    std::condition_variable changed_;   ///< opened, given up, or the last user left
    std::unique_ptr<OpenIndex> owned_;  ///< under mutex_
    bool gone_ = false;                 ///< under mutex_
    std::uint64_t read_failures_ = 0;   ///< under mutex_; of closed ones
    std::mutex dependents_mutex_;
    std::set<Dependent*> dependents_;  ///< under dependents_mutex_
};

}  // namespace holdfast::storage::local
