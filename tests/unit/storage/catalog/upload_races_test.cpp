// Spec multipart section 15. A race is made certain: the other side runs to its end right before
// the commit of the first.

#include "tests/unit/storage/catalog/fixture.h"

using namespace holdfast::test;
using holdfast::base::Awaitable;
using Kind = CatalogError::Kind;

namespace {

using Done = holdfast::base::Expected<void, CatalogError>;

/// Runs `other` before the next commit, and keeps what became of it.
template <class Start>
std::shared_ptr<std::optional<Done>> before_next_commit(Catalog& c, Start other) {
    auto outcome = std::make_shared<std::optional<Done>>();
    auto hook = [outcome, other]() -> Awaitable<void> {
        auto done = co_await other();
        outcome->emplace(std::move(done));
    };
    c.rows.before_commit = hook;
    return outcome;
}

void check_nothing_is_lost(Catalog& c, std::size_t blobs_expected) {
    c.collect_garbage();
    CHECK(c.blobs.live() == blobs_expected);
    for (const char kind : {'u', 'p', 't', 'g'}) CHECK(c.rows_of_kind(kind) == 0);
}

}  // namespace

TEST_CASE("RACE-01: two UploadPart of one number, the last commit wins whole",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    const auto other =
        before_next_commit(c, [&] { return c.put_part_async(upload, 1, make_text(90'000, 2)); });
    c.put_part(upload, 1, make_text(100'000, 1));
    REQUIRE(*other);
    CHECK(**other);
    c.complete(upload);
    CHECK(c.get("a") == make_text(100'000, 1));
    check_nothing_is_lost(c, 1);
}

TEST_CASE("RACE-02: a part that commits after Complete finds no upload and leaves nothing, UP-10",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const std::uint32_t number = GENERATE(1U, 2U);
    const auto other = before_next_commit(c, [&] { return c.complete_async(upload, {1}); });
    CHECK(failure_of(run(c.put_part_async(upload, number, make_text(70'000, 2)))) ==
          Kind::no_such_upload);
    CHECK(**other);
    CHECK(c.get("a") == make_text(100'000));
    check_nothing_is_lost(c, 1);
}

TEST_CASE("RACE-02: a new part that commits before Complete is given back, not lost",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const auto other =
        before_next_commit(c, [&] { return c.put_part_async(upload, 2, make_text(70'000, 2)); });
    c.complete(upload, {1});
    CHECK(**other);
    CHECK(c.get("a") == make_text(100'000));
    check_nothing_is_lost(c, 1);
}

TEST_CASE("RACE-02: a part replaced before Complete's commit is the one it decides on",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const auto other =
        before_next_commit(c, [&] { return c.put_part_async(upload, 1, make_text(70'000, 2)); });
    c.complete(upload);
    CHECK(**other);
    CHECK(c.get("a") == make_text(70'000, 2));
    check_nothing_is_lost(c, 1);
}

TEST_CASE("RACE-03: Abort is first, Complete finds no upload", "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const auto other = before_next_commit(c, [&] { return c.uploads.abort(upload); });
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::no_such_upload);
    CHECK(**other);
    CHECK_FALSE(c.get("a"));
    check_nothing_is_lost(c, 0);
}

TEST_CASE("RACE-03: Complete is first, Abort succeeds and the object stays",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const auto other = before_next_commit(c, [&] { return c.complete_async(upload, {}); });
    CHECK(run(c.uploads.abort(upload)));
    CHECK(**other);
    CHECK(c.get("a") == make_text(100'000));
    check_nothing_is_lost(c, 1);
}

TEST_CASE("AbortMultipartUpload: a part that commits meanwhile goes too, ABT-05",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const std::uint32_t number = GENERATE(1U, 2U);
    const auto other = before_next_commit(
        c, [&] { return c.put_part_async(upload, number, make_text(70'000, 2)); });
    CHECK(run(c.uploads.abort(upload)));
    CHECK(**other);
    check_nothing_is_lost(c, 0);
}

TEST_CASE("RACE-04: the second of two Completes finds what the first remembered",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const auto other = before_next_commit(c, [&] { return c.complete_async(upload, {}); });
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::no_such_upload);
    CHECK(**other);
    auto memory = run(c.uploads.ended(upload));
    REQUIRE(memory);
    REQUIRE(*memory);
    CHECK((*memory)->completed());
    CHECK((*memory)->etag() == upload.upload_id + "-1");
    CHECK(c.get("a") == make_text(100'000));
    check_nothing_is_lost(c, 1);
}

TEST_CASE("RACE-05: Completes of two uploads of a key, the last commit is the object",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto first = c.start_upload("a");
    const auto second = c.start_upload("a");
    for (std::uint32_t number = 1; number <= 3; ++number) {
        c.put_part(first, number, make_text(70'000, number));
        c.put_part(second, number, make_text(70'000, 10 + number));
    }
    const auto other = before_next_commit(c, [&] { return c.complete_async(second, {}); });
    c.complete(first);
    CHECK(**other);
    CHECK(c.get("a") == make_text(70'000, 1) + make_text(70'000, 2) + make_text(70'000, 3));
    check_nothing_is_lost(c, 3);
}

TEST_CASE("RACE-06: of two Completes that want no object there, one wins, CPL-36",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto first = c.start_upload("a");
    const auto second = c.start_upload("a");
    c.put_part(first, 1, "first");
    c.put_part(second, 1, "second");
    const auto conditional = [&](const catalog::UploadKey& upload) {
        catalog::Uploads::Completion completion;
        completion.upload = upload;
        completion.decide = [](const catalog::FoundUpload&, const std::vector<records::Part>&,
                               const catalog::FoundObject* current) {
            std::optional<catalog::CompletionPlan> plan;
            if (current == nullptr) plan.emplace().chosen = {0};
            return plan;
        };
        return c.uploads.complete(std::move(completion));
    };
    const auto other = before_next_commit(c, [&] { return conditional(second); });
    CHECK(failure_of(run(conditional(first))) == Kind::refused);
    CHECK(**other);
    CHECK(c.get("a") == "second");
    CHECK(run(c.uploads.find(first)));
}

TEST_CASE("RACE-06: a PutObject between decision and commit is seen, CPL-36",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const auto other =
        before_next_commit(c, [&] { return c.put_async("a", "between", Catalog::How()); });
    std::vector<bool> seen;
    catalog::Uploads::Completion completion;
    completion.upload = upload;
    completion.decide = [&](const catalog::FoundUpload& found, const std::vector<records::Part>&,
                            const catalog::FoundObject* current) {
        seen.push_back(current != nullptr);
        if (current != nullptr) CHECK(current->version > found.version);  // CPL-35
        std::optional<catalog::CompletionPlan> plan;
        plan.emplace().chosen = {0};
        return plan;
    };
    CHECK(run(c.uploads.complete(std::move(completion))));
    CHECK(**other);
    CHECK(seen == std::vector<bool>{false, true});
    CHECK(c.get("a") == make_text(100'000));
    check_nothing_is_lost(c, 1);
}

TEST_CASE("RACE-07: a Complete that did not commit leaves the old state, completable",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "old");
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    c.rows.fails = [](const holdfast::storage::Transaction&) { return true; };
    c.rows.failure = GENERATE(StorageError::Kind::io, StorageError::Kind::in_doubt);
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::storage);
    c.rows.fails = nullptr;
    CHECK(c.get("a") == "old");
    CHECK(c.blobs.live() == 1);
    c.complete(upload);
    CHECK(c.get("a") == make_text(100'000));
}

TEST_CASE("RACE-07: a Complete that committed and was not answered is remembered",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    c.rows.fails = [](const holdfast::storage::Transaction&) { return true; };
    c.rows.failure = StorageError::Kind::in_doubt;
    c.rows.applied_when_failing = true;
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::storage);
    c.rows.fails = nullptr;
    CHECK(c.get("a") == make_text(100'000));
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::no_such_upload);
    CHECK(run(c.uploads.ended(upload))->has_value());
}

TEST_CASE("UploadPart: a failed commit leaves the earlier part and no blob, UP-09",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    c.rows.fails = [](const holdfast::storage::Transaction&) { return true; };
    CHECK(failure_of(run(c.put_part_async(upload, 1, make_text(70'000, 2)))) == Kind::storage);
    c.blobs.failing_appends = 1;
    CHECK(failure_of(run(c.put_part_async(upload, 1, make_text(70'000, 2)))) == Kind::storage);
    c.rows.fails = nullptr;
    CHECK(c.blobs.live() == 1);
    c.complete(upload);
    CHECK(c.get("a") == make_text(100'000));
}

TEST_CASE("ListParts: an upload that ends meanwhile is no upload, not one without parts",
          "[catalog][multipart][race]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    const bool completes = GENERATE(true, false);
    std::optional<Done> ended;
    c.rows.after_get = [&]() -> Awaitable<void> {  // the upload was there when its row was read
        if (completes) {
            auto done = co_await c.complete_async(upload, {});
            ended.emplace(std::move(done));
        } else {
            auto done = co_await c.uploads.abort(upload);
            ended.emplace(std::move(done));
        }
    };
    CHECK(failure_of(run(c.uploads.list_parts(upload, 0, 10))) == Kind::no_such_upload);
    REQUIRE(ended);
    CHECK(*ended);
}
