// Many clients at once on few keys of one server, each on an event loop of its own: every key's
// history is linearizable (P6, P8, P9), what is read is one whole object, and lists contain what
// was acknowledged. Spec durability 5.2. Prints its seed first; HF_MODEL_SEED chooses another.

#include <array>
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "storage/memory/engine.h"
#include "tests/catch.h"
#include "tests/model/call.h"
#include "tests/model/digests.h"
#include "tests/model/exploration.h"
#include "tests/model/linearizable.h"
#include "tests/model/world.h"
#include "tests/run_coroutine.h"

namespace holdfast::model_test {

namespace {

/// Over the memory engine itself: the doubles of the other tests are for one thread.
class PlainWorld final : public World {
public:
    PlainWorld() { restart(true); }
    test::Endpoint& endpoint() override { return *endpoint_; }
    void restart(bool) override { endpoint_ = make_endpoint(*rows_, *blobs_); }

private:
    std::unique_ptr<storage::MetadataStore> rows_ = storage::memory::make_metadata_store();
    std::unique_ptr<storage::BlobStore> blobs_ = storage::memory::make_blob_store();
    std::unique_ptr<test::Endpoint> endpoint_;
};

/// Which write an object comes from, by all its bytes or by its ETag.
class Writes {
public:
    void add(const std::string& name, const std::string& bytes, const std::string& etag) {
        const std::lock_guard guard(mutex_);
        by_bytes_[bytes] = name;
        by_etag_["\"" + etag + "\""] = name;
    }
    std::string of_bytes(const std::string& bytes) { return find(by_bytes_, bytes); }
    std::string of_etag(const std::string& etag) { return find(by_etag_, etag); }

private:
    std::string find(const std::map<std::string, std::string>& names, const std::string& what) {
        const std::lock_guard guard(mutex_);
        const auto it = names.find(what);
        return it == names.end() ? "(no one's)" : it->second;
    }
    std::mutex mutex_;
    std::map<std::string, std::string> by_bytes_;
    std::map<std::string, std::string> by_etag_;
};

/// Clients, keys, and what became of it.
class Round {
public:
    Round(test::Endpoint& endpoint, int number, std::uint64_t seed)
        : endpoint_(endpoint), prefix_("r" + std::to_string(number) + "/"), seed_(seed) {}

    void run(int clients) {
        std::vector<std::thread> threads;
        for (int i = 0; i < clients; ++i) threads.emplace_back([this, i] { client(i); });
        for (auto& thread : threads) thread.join();
    }
    /// By key.
    [[nodiscard]] const std::map<std::string, std::vector<Operation>>& histories() const {
        return histories_;
    }
    [[nodiscard]] int failures() const { return failures_; }

private:
    static constexpr int steps = 6;
    static constexpr int keys = 2;

    test::Answer send(const test::Request& request) { return test::run(endpoint_.serve(request)); }
    static std::string target(const std::string& key) { return "/races/" + key; }

    void client(int number) {
        std::mt19937_64 random(seed_ + static_cast<std::uint64_t>(number));
        for (int step = 0; step < steps; ++step) {
            const auto key = prefix_ + std::to_string(random() % keys);
            const auto name = std::to_string(number) + "." + std::to_string(step);
            const auto kind = random() % 12;
            if (kind < 3)
                put(key, name, random() % 3, false);
            else if (kind < 5)
                put(key, name, random() % 3, true);
            else if (kind == 5)
                remove(key);
            else if (kind < 8)
                complete(key, name, random() % 2 == 0);
            else if (kind < 10)
                read(key);
            else
                list();
        }
    }
    void put(const std::string& key, const std::string& name, std::size_t size, bool if_none) {
        constexpr std::array sizes{100, 20'000, 70'000};
        const auto bytes = body(name, static_cast<std::size_t>(sizes[size]));
        writes_.add(name, bytes, hex(digest_of("MD5", bytes)));
        test::Request request("PUT", target(key));
        request.body(bytes);
        write(key, name, std::move(request), if_none);
    }
    void complete(const std::string& key, const std::string& name, bool if_none) {
        const auto created = send(test::Request("POST", target(key) + "?uploads"));
        const auto id = created.element("UploadId");
        const std::array parts{body(name + "/1", 1500), body(name + "/2", 300)};
        std::string xml = "<CompleteMultipartUpload>";
        std::string digests;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const auto number = std::to_string(i + 1);
            send(test::Request("PUT", target(key) + "?partNumber=" + number + "&uploadId=" + id)
                     .body(parts[i]));
            digests += digest_of("MD5", parts[i]);
            xml += "<Part><PartNumber>" + number + "</PartNumber><ETag>" +
                   hex(digest_of("MD5", parts[i])) + "</ETag></Part>";
        }
        writes_.add(name, parts[0] + parts[1], hex(digest_of("MD5", digests)) + "-2");
        test::Request request("POST", target(key) + "?uploadId=" + id);
        request.body(xml + "</CompleteMultipartUpload>");
        write(key, name, std::move(request), if_none);
    }
    void write(const std::string& key, const std::string& name, test::Request request,
               bool if_none) {
        if (if_none) request.header("If-None-Match", "*");
        const auto begin = tick_++;
        const auto answer = send(request);
        const auto end = tick_++;
        if (answer.status == 409) return;  // a race it was in: nothing was done (RACE-06)
        Operation operation{if_none ? Operation::Kind::write_if_none : Operation::Kind::write, name,
                            begin, end};
        if (answer.status == 412) {
            operation.kind = Operation::Kind::refused_write;
        } else if (answer.status != 200) {
            operation.kind = Operation::Kind::maybe_write;
            ++failures_;
        }
        add(key, operation);
    }
    void remove(const std::string& key) {
        const auto begin = tick_++;
        const auto answer = send(test::Request("DELETE", target(key)));
        if (answer.status == 204)
            add(key, {Operation::Kind::remove, "", begin, tick_++});
        else
            ++failures_;
    }
    void read(const std::string& key) {
        const auto begin = tick_++;
        const auto answer = send(test::Request("GET", target(key)));
        const auto end = tick_++;
        if (answer.status != 200 && answer.status != 404) {
            ++failures_;
            return;
        }
        add(key, {Operation::Kind::read, answer.status == 404 ? "" : writes_.of_bytes(answer.body),
                  begin, end});
    }
    /// A look at every key at once (P8).
    void list() {
        const auto begin = tick_++;
        const auto answer =
            send(test::Request("GET", "/races?prefix=" + percent_encoded(prefix_, true)));
        const auto end = tick_++;
        if (answer.status != 200) {
            ++failures_;
            return;
        }
        std::map<std::string, std::string> seen;
        const auto names = answer.elements("Key");
        const auto etags = answer.elements("ETag");
        for (std::size_t i = 0; i < names.size(); ++i) seen[names[i]] = etags.at(i);
        for (int i = 0; i < keys; ++i) {
            const auto key = prefix_ + std::to_string(i);
            const auto it = seen.find(key);
            add(key, {Operation::Kind::read, it == seen.end() ? "" : writes_.of_etag(it->second),
                      begin, end});
        }
    }
    void add(const std::string& key, Operation operation) {
        const std::lock_guard guard(mutex_);
        histories_[key].push_back(std::move(operation));
    }
    static std::string body(const std::string& name, std::size_t size) {
        const auto unit = "<" + name + ">";
        std::string bytes;
        while (bytes.size() < size) bytes += unit;
        return bytes;
    }

    test::Endpoint& endpoint_;
    const std::string prefix_;
    const std::uint64_t seed_;
    Writes writes_;
    std::atomic<std::uint64_t> tick_{1};
    std::atomic<int> failures_{0};
    std::mutex mutex_;
    std::map<std::string, std::vector<Operation>> histories_;
};

std::vector<WorldFactory> concurrent_worlds() {
    return {{"memory", [] { return std::make_unique<PlainWorld>(); }},
            {"local", [] { return make_local_world(DiskSyncs::work); }}};
}

}  // namespace

TEST_CASE("Concurrent clients: each key's history is linearizable, lists included (P6, P8, P9)",
          "[model]") {
    quiet_log();
    const auto seed = seed_of_run();
    std::cout << "HF_MODEL_SEED=" << seed << std::endl;
    std::mt19937_64 random(seed);
    const auto rounds = static_cast<int>(rounds_of_run(25));
    for (const auto& factory : concurrent_worlds()) {
        const auto world = factory.make();
        REQUIRE(world->endpoint().put("/races").status == 200);
        for (int number = 0; number < rounds; ++number) {
            Round round(world->endpoint(), number, random());
            round.run(4 + static_cast<int>(random() % 13));
            CHECK(round.failures() == 0);
            for (const auto& [key, history] : round.histories()) {
                INFO(factory.name << ", HF_MODEL_SEED=" << seed << ", " << key << "\n"
                                  << text_of(history));
                CHECK(is_linearizable(history));
            }
        }
    }
}

TEST_CASE("Of many racing If-None-Match: * exactly one is told 200 (P9)", "[model]") {
    quiet_log();
    for (const auto& factory : concurrent_worlds()) {
        const auto world = factory.make();
        auto& endpoint = world->endpoint();
        REQUIRE(endpoint.put("/races").status == 200);
        for (int number = 0; number < 10; ++number) {
            const auto target = "/races/" + std::to_string(number);
            std::atomic<int> won{0};
            std::atomic<int> lost{0};
            std::atomic<int> winner{-1};
            std::vector<std::thread> threads;
            for (int i = 0; i < 12; ++i)
                threads.emplace_back([&, i] {
                    test::Request request("PUT", target);
                    request.header("If-None-Match", "*").body("of " + std::to_string(i));
                    const auto answer = test::run(endpoint.serve(request));
                    if (answer.status == 200) winner = i, ++won;
                    if (answer.status == 412 || answer.status == 409) ++lost;
                });
            for (auto& thread : threads) thread.join();
            CHECK(won == 1);
            CHECK(lost == 11);
            CHECK(endpoint.get(target).body == "of " + std::to_string(winner));
        }
    }
}

}  // namespace holdfast::model_test
