/// For tests of the committer: transactions without waiting for them, and one that holds it up.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "base/failpoint.h"
#include "storage/local/committer.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

namespace holdfast::tests {

using Outcome = std::future<storage::Result<storage::RowVersion>>;

class Failpoints {
public:
    explicit Failpoints(const char* specification) { REQUIRE(base::set_failpoints(specification)); }
    Failpoints(const Failpoints&) = delete;
    Failpoints& operator=(const Failpoints&) = delete;
    ~Failpoints() { base::set_failpoints(""); }
};

inline Outcome submit(storage::local::Committer& committer, storage::Transaction transaction) {
    auto promise = std::make_shared<std::promise<storage::Result<storage::RowVersion>>>();
    auto outcome = promise->get_future();
    committer.submit(storage::local::CommitRequest{
        "p", std::move(transaction), [promise](storage::Result<storage::RowVersion> answer) {
            promise->set_value(std::move(answer));
        }});
    return outcome;
}

/// Keeps the committer busy with the answer to a transaction of its own, so that what is submitted
/// meanwhile becomes one group.
class Hold {
public:
    explicit Hold(storage::local::Committer& committer) {
        committer.submit(storage::local::CommitRequest{
            "hold", {}, [state = state_](const storage::Result<storage::RowVersion>&) {
                state->held.set_value();
                state->released.get_future().wait();
            }});
        state_->held.get_future().wait();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { state_->released.set_value(); }

private:
    /// Shared: the committer may still be leaving when this test has gone on.
    struct State {
        std::promise<void> held;
        std::promise<void> released;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

inline storage::Transaction create(const std::string& key, std::string value) {
    storage::Transaction transaction = put_of(key, std::move(value));
    transaction.expectations.push_back(storage::Expectation{key, 0});
    return transaction;
}

inline storage::StorageError::Kind failure_of(Outcome& outcome) {
    const auto answer = outcome.get();
    REQUIRE_FALSE(answer);
    return answer.error().kind;
}

}  // namespace holdfast::tests
