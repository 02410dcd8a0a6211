#include "storage/local/readable_key.h"

#include <algorithm>
#include <random>
#include <set>

#include "tests/catch.h"

using namespace holdfast;
using storage::local::KeySpace;
using storage::local::readable_key_behind;

namespace {

constexpr std::uint64_t block_bytes = 100;

/// Keys in blocks, of which some are damaged: a seek that ends in one fails.
class Blocks {
public:
    Blocks(const std::set<std::string>& keys, std::size_t keys_of_a_block) {
        for (const auto& key : keys) {
            if (keys_.size() % keys_of_a_block == 0) first_.push_back(key);
            keys_.push_back(key);
        }
    }
    void damage(std::size_t block) { damaged_.insert(block); }
    [[nodiscard]] std::size_t count() const { return first_.size(); }
    /// The first key of a block; empty behind the last one.
    [[nodiscard]] std::string first_of(std::size_t block) const {
        return block < first_.size() ? first_[block] : "";
    }
    [[nodiscard]] std::string last_before(std::size_t block) const {
        if (block == 0) return {};
        return *std::prev(std::lower_bound(keys_.begin(), keys_.end(), first_[block]));
    }

    /// Where reading goes on behind `last`; empty: at the end.
    [[nodiscard]] std::optional<std::string> go_on_behind(const std::string& last) const {
        KeySpace space;
        space.is_readable = [this](const std::string& key) {
            return !damaged_.contains(block_of(key));
        };
        space.bytes_between = [this](const std::string& from, const std::string& to) {
            ++questions_;
            return (block_of(to) - block_of(from)) * block_bytes;
        };
        const auto key = readable_key_behind(last, space);
        if (!key) return std::nullopt;
        CHECK(*key > last);
        const auto found = std::lower_bound(keys_.begin(), keys_.end(), *key);
        return found == keys_.end() ? std::string() : *found;
    }

    /// About sizes, so far.
    [[nodiscard]] int questions() const { return questions_; }

private:
    /// Of the key, or of the first one behind it.
    [[nodiscard]] std::size_t block_of(const std::string& key) const {
        const auto at = std::lower_bound(keys_.begin(), keys_.end(), key);
        if (at == keys_.end()) return first_.size();
        const auto behind = std::upper_bound(first_.begin(), first_.end(), *at);
        return static_cast<std::size_t>(behind - first_.begin()) - 1;
    }

    std::vector<std::string> keys_;
    std::vector<std::string> first_;  ///< keys of each block
    std::set<std::size_t> damaged_;
    mutable int questions_ = 0;
};

std::set<std::string> numbered_keys() {
    std::set<std::string> keys;
    for (int i = 1000; i < 2000; ++i)
        keys.insert("b/0123456789abcdef/0" + std::string(1, '\0') + "oobject-" + std::to_string(i));
    return keys;
}

}  // namespace

TEST_CASE("readable key: reading goes on at the block behind a damaged one, P11", "[local][rows]") {
    for (const std::size_t damaged : {0, 1, 7, 18, 19}) {
        Blocks blocks(numbered_keys(), 50);
        REQUIRE(blocks.count() == 20);
        blocks.damage(damaged);
        CHECK(blocks.go_on_behind(blocks.last_before(damaged)) == blocks.first_of(damaged + 1));
    }
}

TEST_CASE("readable key: what is whole between damaged blocks is not left out, P11",
          "[local][rows]") {
    Blocks blocks(numbered_keys(), 50);
    for (const std::size_t damaged : {3, 5, 9, 10, 12}) blocks.damage(damaged);
    CHECK(blocks.go_on_behind(blocks.last_before(3)) == blocks.first_of(4));
    CHECK(blocks.go_on_behind(blocks.last_before(5)) == blocks.first_of(6));
    CHECK(blocks.go_on_behind(blocks.last_before(9)) == blocks.first_of(11));
    CHECK(blocks.go_on_behind(blocks.last_before(12)) == blocks.first_of(13));
}

TEST_CASE("readable key: long damage is stepped over in growing steps, to the end if need be",
          "[local][rows]") {
    Blocks blocks(numbered_keys(), 5);
    for (std::size_t block = 10; block < 100; ++block) blocks.damage(block);
    const auto next = blocks.go_on_behind(blocks.last_before(10));
    REQUIRE(next);
    CHECK(*next >= blocks.first_of(100));
    CHECK(*next <= blocks.first_of(125));
    for (std::size_t block = 100; block < 200; ++block) blocks.damage(block);
    CHECK(blocks.go_on_behind(blocks.last_before(10)) == "");
    CHECK(blocks.questions() < 50 * 2000);  // of 50 steps, the last as cheap as the first
}

TEST_CASE("readable key: nothing when nothing can be read any more", "[local][rows]") {
    KeySpace space;
    space.is_readable = [](const std::string&) { return false; };
    space.bytes_between = [](const std::string&, const std::string&) { return 0; };
    CHECK_FALSE(readable_key_behind("oobject", space));
    CHECK_FALSE(readable_key_behind("", space));
}

TEST_CASE("readable key: finds the block behind whatever the keys are", "[local][rows]") {
    const auto seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 50; ++round) {
        std::set<std::string> keys;
        while (keys.size() < 60) {
            std::string key(1 + random() % 12, 'x');
            for (auto& byte : key)
                byte = static_cast<char>(1 + random() % (round % 2 == 0 ? 4 : 250));
            keys.insert(key);
        }
        Blocks blocks(keys, 1 + random() % 9);
        const auto damaged = random() % blocks.count();
        blocks.damage(damaged);
        CHECK(blocks.go_on_behind(blocks.last_before(damaged)) == blocks.first_of(damaged + 1));
    }
}
