/// What `holdfast fsck` prints. threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::server {

/// Counts in order, then one line for each problem.
class FsckReport {
public:
    void count(std::string name, std::uint64_t value) {
        counts_.emplace_back(std::move(name), value);
    }
    void note(std::string line) { notes_.push_back(std::move(line)); }
    void problem(std::string line) { problems_.push_back(std::move(line)); }
    void problems(const std::vector<std::string>& lines) {
        problems_.insert(problems_.end(), lines.begin(), lines.end());
    }
    [[nodiscard]] std::size_t problem_count() const { return problems_.size(); }

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string json() const;

private:
    std::vector<std::pair<std::string, std::uint64_t>> counts_;
    std::vector<std::string> notes_;
    std::vector<std::string> problems_;
};

}  // namespace holdfast::server
