/// How many connections are open, in all and from each address. threads: any
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace holdfast::http {

class ConnectionLimits {
public:
    struct Options {
        std::size_t total_max;
        std::size_t per_address_max;
    };
    enum class Verdict { admitted, too_many, too_many_from_address };

    explicit ConnectionLimits(Options options) : options_(options) {}

    /// An admitted connection is counted until release().
    Verdict admit(const std::string& address);
    void release(const std::string& address);

private:
    const Options options_;
    std::mutex mutex_;
    std::size_t total_ = 0;
    std::unordered_map<std::string, std::size_t> by_address_;
};

}  // namespace holdfast::http
