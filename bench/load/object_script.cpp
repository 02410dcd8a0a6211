#include <fmt/format.h>

#include <array>

#include "bench/load/script.h"

namespace holdfast::bench {

void KeySpace::append_key(std::uint64_t number, std::string& to) const {
    to.append(prefix);
    fmt::format_to(std::back_inserter(to), "{:08}", number);
}

namespace {

class ObjectScript final : public Script {
public:
    ObjectScript(const ObjectLoad& load, Shared& shared, std::uint64_t seed)
        : load_(load), shared_(shared), random_(seed * 2 + 1) {}

    bool next(Request& request, bool stopping) override {
        if (stopping || !shared_.take_one()) return false;
        request = Request{};
        request.operation = choose();
        const auto key = choose_key(request.operation);
        fill(request, key);
        return true;
    }

    void answered(const Answer&) override {}

private:
    // xorshift64*: a few cycles, and nothing here needs better.
    std::uint64_t random_below(std::uint64_t limit) {
        random_ ^= random_ >> 12;
        random_ ^= random_ << 25;
        random_ ^= random_ >> 27;
        return ((random_ * 0x2545f4914f6cdd1d) >> 32) % limit;
    }

    Operation choose() {
        const auto& mix = load_.mix;
        const std::array<std::pair<Operation, unsigned>, 5> shares{
            {{Operation::get, mix.get},
             {Operation::put, mix.put},
             {Operation::head, mix.head},
             {Operation::list, mix.list},
             {Operation::remove, mix.remove}}};
        std::uint64_t total = 0;
        for (const auto& share : shares) total += share.second;
        auto at = random_below(total);
        for (const auto& [operation, share] : shares) {
            if (at < share) return operation;
            at -= share;
        }
        return Operation::get;
    }

    std::uint64_t choose_key(Operation operation) {
        const bool in_order = operation == Operation::put || operation == Operation::remove;
        if (!in_order) return random_below(load_.keys.objects);
        return shared_.ticket.fetch_add(1, std::memory_order_relaxed) % load_.keys.objects;
    }

    void fill(Request& request, std::uint64_t key) {
        request.path.append(1, '/').append(load_.keys.bucket);
        if (request.operation == Operation::list) {
            request.method = "GET";
            fmt::format_to(std::back_inserter(request.query),
                           "list-type=2&max-keys={}&prefix={}&start-after=", load_.list_keys_max,
                           load_.keys.prefix);
            load_.keys.append_key(key, request.query);
            return;
        }
        request.path.append(1, '/');
        load_.keys.append_key(key, request.path);
        switch (request.operation) {
            case Operation::put:
                request.method = "PUT";
                request.body = load_.body;
                break;
            case Operation::remove:
                request.method = "DELETE";
                break;
            default:
                request.method = request.operation == Operation::get ? "GET" : "HEAD";
                request.content = load_.body;
                request.verify = load_.verify;
        }
    }

    const ObjectLoad& load_;
    Shared& shared_;
    std::uint64_t random_;
};

class PathScript final : public Script {
public:
    PathScript(const PathLoad& load, Shared& shared) : load_(load), shared_(shared) {}

    bool next(Request& request, bool stopping) override {
        if (stopping || !shared_.take_one()) return false;
        request.operation = load_.operation;
        request.method = load_.operation == Operation::get ? "GET" : "HEAD";
        request.path = load_.path;
        return true;
    }

    void answered(const Answer&) override {}

private:
    const PathLoad& load_;
    Shared& shared_;
};

class SingleScript final : public Script {
public:
    explicit SingleScript(SingleRequest& single) : single_(single) {}

    bool next(Request& request, bool) override {
        if (sent_) return false;
        sent_ = true;
        request = single_.request;
        request.operation = Operation::other;
        return true;
    }

    void answered(const Answer& answer) override {
        single_.status = answer.status;
        single_.body = answer.body;
    }

private:
    SingleRequest& single_;
    bool sent_ = false;
};

}  // namespace

std::unique_ptr<Script> make_object_script(const ObjectLoad& load, Shared& shared,
                                           std::uint64_t seed) {
    return std::make_unique<ObjectScript>(load, shared, seed);
}

std::unique_ptr<Script> make_path_script(const PathLoad& load, Shared& shared) {
    return std::make_unique<PathScript>(load, shared);
}

std::unique_ptr<Script> make_single_script(SingleRequest& single) {
    return std::make_unique<SingleScript>(single);
}

}  // namespace holdfast::bench
