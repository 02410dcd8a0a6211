#include "tests/component/engines/engine_under_test.h"
#include "tests/component/engines/rows.h"

using namespace holdfast::test;
using holdfast::storage::ScanRange;

namespace {

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    return bytes;
}

ScanRange range(std::string begin, std::string end) {
    ScanRange wanted;
    wanted.begin = std::move(begin);
    wanted.end = std::move(end);
    return wanted;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("get: one answer for each key, in the order asked", "[engines][get]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    commit(rows, "p", put("a", "1"));
    commit(rows, "p", put("b", "2"));
    std::vector<holdfast::storage::RowKey> keys{{RowFamily::index, "b"},
                                                {RowFamily::index, "none"},
                                                {RowFamily::index, "a"},
                                                {RowFamily::index, "b"}};
    auto found = run(rows.get("p", std::move(keys)));
    REQUIRE(found);
    REQUIRE(found->size() == 4);
    CHECK((*found)[0]->value == "2");
    CHECK((*found)[0]->key == "b");
    CHECK_FALSE((*found)[1]);
    CHECK((*found)[2]->value == "1");
    CHECK((*found)[3]->value == "2");
}

TEST_CASE("get: no keys, no answers; an unknown partition has no rows", "[engines][get]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    auto nothing = run(rows.get("p", {}));
    REQUIRE(nothing);
    CHECK(nothing->empty());
    CHECK(value(rows, "never", "a") == "-");
}

TEST_CASE("get: families and partitions do not see each other's rows", "[engines][get]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    commit(rows, "ab", put("c", "1"));
    commit(rows, "a", put("bc", "2"));
    commit(rows, "ab", put("c", "3", RowFamily::body));
    CHECK(value(rows, "ab", "c") == "1");
    CHECK(value(rows, "a", "bc") == "2");
    CHECK(value(rows, "ab", "c", RowFamily::body) == "3");
    CHECK(value(rows, "a", "c") == "-");
    CHECK(value(rows, "a", "bc", RowFamily::body) == "-");
    CHECK(keys_of(scan(rows, "a")) == Keys{"bc"});
    CHECK(keys_of(scan(rows, "ab")) == Keys{"c"});
}

TEST_CASE("rows: keys and values are bytes, also empty, NUL and 0xff", "[engines][get]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const std::string nul("a\0b", 3);
    commit(rows, "p", put(nul, all_bytes()));
    commit(rows, "p", put(std::string(1000, '\xff'), ""));
    commit(rows, "p", put(all_bytes(), nul));
    CHECK(value(rows, "p", nul) == all_bytes());
    CHECK(value(rows, "p", std::string(1000, '\xff')) == "");
    CHECK(value(rows, "p", all_bytes()) == nul);
    CHECK(keys_of(scan(rows, "p")) == Keys{all_bytes(), nul, std::string(1000, '\xff')});
}

TEST_CASE("rows: a partition's name may have 64 bytes", "[engines][get]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const std::string longest(64, 'x');
    commit(rows, longest, put("a", "1"));
    CHECK(value(rows, longest, "a") == "1");
    CHECK(value(rows, std::string(63, 'x'), "a") == "-");
}

TEST_CASE("rows: values of tens and hundreds of KiB come back whole", "[engines][get]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    std::string big;
    for (int i = 0; i < 1024; ++i) big += all_bytes();
    commit(rows, "p", put("index", big));
    commit(rows, "p", put("body", big.substr(0, 64 * 1024 + 16), RowFamily::body));
    CHECK(value(rows, "p", "index") == big);
    CHECK(value(rows, "p", "body", RowFamily::body) == big.substr(0, 64 * 1024 + 16));
}

TEST_CASE("scan: ascending byte order, first key in, last key out", "[engines][scan]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    for (const char* key : {"b", "a", "\xff", "c", "ab", "Z", "\x01"})
        commit(rows, "p", put(key, "v"));
    CHECK(keys_of(scan(rows, "p")) == Keys{"\x01", "Z", "a", "ab", "b", "c", "\xff"});
    CHECK(keys_of(scan(rows, "p", range("a", "c"))) == Keys{"a", "ab", "b"});
    CHECK(keys_of(scan(rows, "p", range("aa", "b"))) == Keys{"ab"});
    CHECK(keys_of(scan(rows, "p", range("b", ""))) == Keys{"b", "c", "\xff"});
    CHECK(keys_of(scan(rows, "p", range("", "a"))) == Keys{"\x01", "Z"});
    CHECK(keys_of(scan(rows, "p", range("d", "e"))).empty());
    CHECK(keys_of(scan(rows, "other")).empty());
}

TEST_CASE("scan: rows carry value and version, bodies are left out", "[engines][scan]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const auto version = commit(rows, "p", put("a", "1"));
    commit(rows, "p", put("b", "body", RowFamily::body));
    const auto page = scan(rows, "p");
    REQUIRE(page.rows.size() == 1);
    CHECK(page.rows[0].value == "1");
    CHECK(page.rows[0].version == version);
    CHECK_FALSE(page.more);
}

TEST_CASE("scan: `more` says that the row limit ended the page and not the range",
          "[engines][scan]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    for (const char* key : {"a", "b", "c", "d"}) commit(rows, "p", put(key, "v"));
    auto wanted = range("", "d");
    wanted.rows_max = 2;
    auto page = scan(rows, "p", wanted);
    CHECK(keys_of(page) == Keys{"a", "b"});
    CHECK(page.more);
    wanted.rows_max = 3;
    page = scan(rows, "p", wanted);
    CHECK(keys_of(page) == Keys{"a", "b", "c"});
    CHECK_FALSE(page.more);
}

TEST_CASE("scan: the byte limit counts keys and values; one row comes at least",
          "[engines][scan]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    for (const char* key : {"a", "b", "c"}) commit(rows, "p", put(key, std::string(99, 'x')));
    ScanRange wanted;
    wanted.bytes_max = 200;
    auto page = scan(rows, "p", wanted);
    CHECK(keys_of(page) == Keys{"a", "b"});
    CHECK(page.more);
    wanted.bytes_max = 199;
    page = scan(rows, "p", wanted);
    CHECK(keys_of(page) == Keys{"a"});
    CHECK(page.more);
    wanted.bytes_max = 1;
    page = scan(rows, "p", wanted);
    CHECK(keys_of(page) == Keys{"a"});
    CHECK(page.more);
    wanted.bytes_max = 300;
    page = scan(rows, "p", wanted);
    CHECK(page.rows.size() == 3);
    CHECK_FALSE(page.more);
}

TEST_CASE("scan: pages of any size together give the whole range once", "[engines][scan]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    Transaction many;
    Keys all;
    for (int i = 1000; i < 1250; ++i) {
        all.push_back("k" + std::to_string(i));
        many.puts.push_back({{RowFamily::index, all.back()}, "v"});
    }
    commit(rows, "p", many);
    const auto rows_max = GENERATE(1U, 7U, 50U, 250U, 1000U);
    Keys seen;
    ScanRange wanted;
    wanted.rows_max = rows_max;
    for (;;) {
        const auto page = scan(rows, "p", wanted);
        for (const auto& key : keys_of(page)) seen.push_back(key);
        if (!page.more) break;
        REQUIRE(page.rows.size() == rows_max);
        wanted.begin = seen.back() + '\0';
    }
    CHECK(seen == all);
}

TEST_CASE("scan: deleted rows are not seen, whichever way they went", "[engines][scan]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    for (const char* key : {"a", "b", "c", "d", "e"}) commit(rows, "p", put(key, "v"));
    Transaction some;
    some.deletes.push_back({RowFamily::index, "a"});
    some.range_deletes.push_back({RowFamily::index, "c", "e"});
    commit(rows, "p", some);
    CHECK(keys_of(scan(rows, "p")) == Keys{"b", "e"});
    ScanRange wanted;
    wanted.rows_max = 1;
    CHECK(scan(rows, "p", wanted).more);
    wanted.begin = "b" + std::string(1, '\0');
    CHECK_FALSE(scan(rows, "p", wanted).more);
}
