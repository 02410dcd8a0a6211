#include "tests/model/linearizable.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace holdfast::model_test {

namespace {

using Kind = Operation::Kind;

/// The register behind the operation; nothing when it cannot come here.
std::optional<std::string> after(const Operation& operation, const std::string& value) {
    switch (operation.kind) {
        case Kind::write:
        case Kind::maybe_write:
            return operation.value;
        case Kind::write_if_none:
            if (!value.empty()) return std::nullopt;
            return operation.value;
        case Kind::refused_write:
            if (value.empty()) return std::nullopt;
            return value;
        case Kind::remove:
            return std::string();
        case Kind::read:
            if (value != operation.value) return std::nullopt;
            return value;
    }
    return std::nullopt;
}

class Search {
public:
    explicit Search(const std::vector<Operation>& history)
        : history_(history), done_(history.size(), false) {}

    bool run(const std::string& value) {
        if (!seen_.emplace(done_, value).second) return false;
        std::uint64_t first_end = std::numeric_limits<std::uint64_t>::max();
        bool all_done = true;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if (done_[i] || history_[i].kind == Kind::maybe_write) continue;
            all_done = false;
            first_end = std::min(first_end, history_[i].end);
        }
        if (all_done) return true;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            // Whoever began after another one ended comes behind it.
            if (done_[i] || history_[i].begin > first_end) continue;
            const auto next = after(history_[i], value);
            if (!next) continue;
            done_[i] = true;
            if (run(*next)) return true;
            done_[i] = false;
        }
        return false;
    }

private:
    const std::vector<Operation>& history_;
    std::vector<bool> done_;
    std::set<std::pair<std::vector<bool>, std::string>> seen_;  ///< states that lead nowhere
};

}  // namespace

bool is_linearizable(const std::vector<Operation>& history) {
    return Search(history).run("");
}

std::string text_of(const std::vector<Operation>& history) {
    constexpr std::array names{"write",  "write if none", "refused write",
                               "remove", "read",          "maybe write"};
    std::string text;
    for (const auto& operation : history)
        text += std::to_string(operation.begin) + " to " + std::to_string(operation.end) + ": " +
                names[static_cast<std::size_t>(operation.kind)] + " " + operation.value + "\n";
    return text;
}

}  // namespace holdfast::model_test
