#include "tests/component/engines/engine_under_test.h"
#include "tests/component/engines/rows.h"

using namespace holdfast::test;
using holdfast::storage::RangeDelete;

TEST_CASE("commit: returns the version of every row it put", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    Transaction both = put("a", "1");
    both.puts.push_back({{RowFamily::index, "b"}, "2"});
    both.puts.push_back({{RowFamily::body, "a"}, "3"});
    const auto version = commit(rows, "p", both);
    CHECK(version > 0);
    CHECK(row(rows, "p", "a")->version == version);
    CHECK(row(rows, "p", "b")->version == version);
    CHECK(row(rows, "p", "a", RowFamily::body)->version == version);
}

TEST_CASE("commit: versions strictly increase over the whole store", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    RowVersion last = 0;
    for (int i = 0; i < 20; ++i) {
        const auto version = commit(rows, i % 2 == 0 ? "p" : "q", put("row", std::to_string(i)));
        CHECK(version > last);
        last = version;
    }
}

TEST_CASE("commit: an expected version lets it through, another one is a conflict",
          "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const auto first = commit(rows, "p", put("a", "1"));
    const auto second = commit(rows, "p", expecting("a", first, put("a", "2")));
    CHECK(refusal(rows, "p", expecting("a", first, put("a", "3"))) == StorageError::Kind::conflict);
    CHECK(refusal(rows, "p", expecting("a", second + 1, put("a", "3"))) ==
          StorageError::Kind::conflict);
    CHECK(value(rows, "p", "a") == "2");
    CHECK(row(rows, "p", "a")->version == second);
}

TEST_CASE("commit: version 0 expects that there is no such row", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    commit(rows, "p", expecting("a", 0, put("a", "1")));
    CHECK(refusal(rows, "p", expecting("a", 0, put("a", "2"))) == StorageError::Kind::conflict);
    Transaction gone;
    gone.deletes.push_back({RowFamily::index, "a"});
    commit(rows, "p", gone);
    commit(rows, "p", expecting("a", 0, put("a", "3")));
    CHECK(value(rows, "p", "a") == "3");
}

TEST_CASE("commit: an absent row has no version but 0", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    CHECK(refusal(rows, "p", expecting("a", 1, put("b", "1"))) == StorageError::Kind::conflict);
    const auto version = commit(rows, "p", put("a", "1"));
    Transaction gone;
    gone.deletes.push_back({RowFamily::index, "a"});
    commit(rows, "p", gone);
    CHECK(refusal(rows, "p", expecting("a", version, put("b", "1"))) ==
          StorageError::Kind::conflict);
}

TEST_CASE("commit: a row that was deleted and written again is another version",
          "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const auto first = commit(rows, "p", put("a", "same"));
    Transaction gone;
    gone.deletes.push_back({RowFamily::index, "a"});
    commit(rows, "p", gone);
    commit(rows, "p", put("a", "same"));
    CHECK(refusal(rows, "p", expecting("a", first)) == StorageError::Kind::conflict);
}

TEST_CASE("commit: a conflict changes nothing at all", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    commit(rows, "p", put("a", "1"));
    commit(rows, "p", put("b", "1"));
    commit(rows, "p", put("b", "body", RowFamily::body));
    auto transaction = put("c", "new");
    transaction.puts.push_back({{RowFamily::index, "a"}, "new"});
    transaction.puts.push_back({{RowFamily::body, "a"}, "new"});
    transaction.deletes.push_back({RowFamily::body, "b"});
    transaction.range_deletes.push_back({RowFamily::index, "a", "z"});
    transaction.expectations.push_back({"a", row(rows, "p", "a")->version});
    transaction.expectations.push_back({"b", 0});
    CHECK(refusal(rows, "p", transaction) == StorageError::Kind::conflict);
    CHECK(value(rows, "p", "a") == "1");
    CHECK(value(rows, "p", "b") == "1");
    CHECK(value(rows, "p", "c") == "-");
    CHECK(value(rows, "p", "a", RowFamily::body) == "-");
    CHECK(value(rows, "p", "b", RowFamily::body) == "body");
}

TEST_CASE("commit: expectations look at the state before the transaction", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const auto version = commit(rows, "p", put("a", "1"));
    auto transaction = expecting("a", version, put("a", "2"));
    transaction.range_deletes.push_back({RowFamily::index, "a", "b"});
    transaction.expectations.push_back({"b", 0});
    transaction.puts.push_back({{RowFamily::index, "b"}, "2"});
    commit(rows, "p", transaction);
    CHECK(value(rows, "p", "a") == "2");
    CHECK(value(rows, "p", "b") == "2");
}

TEST_CASE("commit: an expectation is about its own partition", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const auto version = commit(rows, "p", put("a", "1"));
    CHECK(refusal(rows, "q", expecting("a", version)) == StorageError::Kind::conflict);
    commit(rows, "q", expecting("a", 0, put("a", "2")));
    CHECK(value(rows, "p", "a") == "1");
    CHECK(value(rows, "q", "a") == "2");
}

TEST_CASE("commit: an expectation is about the index row, not its body", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    commit(rows, "p", put("a", "body", RowFamily::body));
    commit(rows, "p", expecting("a", 0, put("a", "index")));
    CHECK(value(rows, "p", "a") == "index");
    CHECK(value(rows, "p", "a", RowFamily::body) == "body");
}

TEST_CASE("commit: expectations alone are checked as well", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    const auto version = commit(rows, "p", put("a", "1"));
    commit(rows, "p", expecting("a", version));
    CHECK(refusal(rows, "p", expecting("a", version + 1)) == StorageError::Kind::conflict);
    CHECK(row(rows, "p", "a")->version == version);
}

TEST_CASE("commit: range deletes come first, then deletes, then puts", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    for (const char* key : {"a", "b", "c", "d"}) commit(rows, "p", put(key, "old"));
    auto transaction = put("b", "new");
    transaction.puts.push_back({{RowFamily::index, "c"}, "new"});
    transaction.deletes.push_back({RowFamily::index, "c"});
    transaction.deletes.push_back({RowFamily::index, "d"});
    transaction.range_deletes.push_back({RowFamily::index, "a", "d"});
    commit(rows, "p", transaction);
    CHECK(value(rows, "p", "a") == "-");
    CHECK(value(rows, "p", "b") == "new");
    CHECK(value(rows, "p", "c") == "new");
    CHECK(value(rows, "p", "d") == "-");
}

TEST_CASE("commit: a range delete takes its first key and leaves its last, of one family only",
          "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    for (const char* key : {"a", "b", "b\xff", "c"}) {
        auto both = put(key, "index");
        both.puts.push_back({{RowFamily::body, key}, "body"});
        commit(rows, "p", both);
        commit(rows, "p2", put(key, "other"));
    }
    Transaction index;
    index.range_deletes.push_back({RowFamily::index, "b", "c"});
    commit(rows, "p", index);
    CHECK(keys_of(scan(rows, "p")) == std::vector<std::string>{"a", "c"});
    CHECK(value(rows, "p", "b", RowFamily::body) == "body");
    Transaction body;
    body.range_deletes.push_back({RowFamily::body, "a", "b\xff"});
    commit(rows, "p", body);
    CHECK(value(rows, "p", "a", RowFamily::body) == "-");
    CHECK(value(rows, "p", "b", RowFamily::body) == "-");
    CHECK(value(rows, "p", "b\xff", RowFamily::body) == "body");
    CHECK(value(rows, "p", "a") == "index");
    CHECK(keys_of(scan(rows, "p2")).size() == 4);
}

TEST_CASE("commit: a row put again after a range delete is there", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    commit(rows, "p", put("k", "1"));
    Transaction all;
    all.range_deletes.push_back({RowFamily::index, "", "\xff"});
    commit(rows, "p", all);
    CHECK(value(rows, "p", "k") == "-");
    commit(rows, "p", expecting("k", 0, put("k", "2")));
    CHECK(value(rows, "p", "k") == "2");
    CHECK(keys_of(scan(rows, "p")) == std::vector<std::string>{"k"});
}

TEST_CASE("commit: deleting what is not there is no error", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    Transaction nothing;
    nothing.deletes.push_back({RowFamily::index, "a"});
    nothing.deletes.push_back({RowFamily::body, "a"});
    nothing.range_deletes.push_back({RowFamily::index, "a", "z"});
    commit(rows, "p", nothing);
    CHECK(scan(rows, "p").rows.empty());
}

TEST_CASE("commit: thousands of rows go in one transaction", "[engines][commit]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    Transaction many;
    for (int i = 0; i < 10'000; ++i) {
        many.expectations.push_back({"row" + std::to_string(i), 0});
        many.puts.push_back({{RowFamily::index, "row" + std::to_string(i)}, std::to_string(i)});
    }
    const auto version = commit(rows, "p", many);
    CHECK(row(rows, "p", "row0")->version == version);
    CHECK(value(rows, "p", "row9999") == "9999");
    CHECK(refusal(rows, "p", expecting("row5000", 0)) == StorageError::Kind::conflict);
}
