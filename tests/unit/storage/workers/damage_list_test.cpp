#include "storage/damage_list.h"

#include "tests/catch.h"

using namespace holdfast;
using storage::Damage;
using storage::DamageList;
using storage::RowFamily;

namespace {

Damage row_damage(std::string partition, std::string key, RowFamily family = RowFamily::index) {
    Damage damage;
    damage.kind = Damage::Kind::row;
    damage.partition = std::move(partition);
    damage.family = family;
    damage.row_key = std::move(key);
    damage.what = "it does not parse";
    return damage;
}

std::vector<std::string> keys_of(const std::vector<Damage>& listed) {
    std::vector<std::string> keys;
    for (const auto& damage : listed) keys.push_back(damage.row_key);
    return keys;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("damage list: each damaged row of a bucket has an entry of its own, P11", "[workers]") {
    const base::SystemClock clock;
    DamageList list(clock);
    list.note(row_damage("b/1/0", "oa"));
    list.note(row_damage("b/1/0", "ob"));
    list.note(row_damage("b/1/0", "oa", RowFamily::body));
    list.note(row_damage("b/2/0", "oa"));
    auto behind = row_damage("b/1/0", "oa");
    behind.kind = Damage::Kind::rows;
    list.note(behind);
    CHECK(list.size() == 5);
    list.note(row_damage("b/1/0", "oa"));
    CHECK(list.size() == 5);
    list.forget(row_damage("b/1/0", "oa"));
    CHECK(list.size() == 4);
    list.forget(behind);
    CHECK(list.size() == 3);
}

TEST_CASE("damage list: tells which listed rows a transaction touches, P11", "[workers]") {
    const base::SystemClock clock;
    DamageList list(clock);
    for (const auto* key : {"oa", "ob", "oc", "od"}) list.note(row_damage("b/1/0", key));
    list.note(row_damage("b/1/0", "oa", RowFamily::body));
    list.note(row_damage("b/2/0", "oa"));
    list.note(row_damage("b/0/0", "oa"));

    storage::Transaction transaction;
    transaction.puts.push_back({{RowFamily::index, "oa"}, "value"});
    CHECK(keys_of(list.rows_of("b/1/0", transaction)) == Keys{"oa"});
    transaction.deletes.push_back({RowFamily::body, "oa"});
    CHECK(keys_of(list.rows_of("b/1/0", transaction)) == Keys{"oa", "oa"});
    transaction.range_deletes.push_back({RowFamily::index, "oc", "od"});
    CHECK(keys_of(list.rows_of("b/1/0", transaction)) == Keys{"oa", "oc", "oa"});
    CHECK(keys_of(list.rows_of("b/3/0", transaction)).empty());
}

TEST_CASE("damage list: what does not fit is counted, P11", "[workers]") {
    const base::SystemClock clock;
    DamageList list(clock);
    for (std::size_t i = 0; i < DamageList::entries_max; ++i)
        list.note(row_damage("b/1/0", "o" + std::to_string(i)));
    CHECK(list.not_listed() == 0);
    list.note(row_damage("b/1/0", "one too many"));
    list.note(row_damage("b/1/0", "o1"));  // is listed already
    CHECK(list.not_listed() == 1);
    CHECK(list.size() == DamageList::entries_max);
    list.forget(row_damage("b/1/0", "o1"));
    list.note(row_damage("b/1/0", "one too many"));
    CHECK(list.not_listed() == 1);
    CHECK(list.size() == DamageList::entries_max);
}
