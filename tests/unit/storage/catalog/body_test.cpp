// Bodies on their way to storage and back: damage, wrong keys, limits of the inline size.

#include "base/metrics.h"
#include "tests/unit/storage/catalog/fixture.h"

namespace base = holdfast::base;
using namespace holdfast::test;
using holdfast::storage::crypto::frame_plain_bytes;
using holdfast::storage::crypto::frame_stored_bytes;

namespace {

/// How much came before the error, and the error.
struct Outcome {
    std::string text;
    std::optional<StorageError::Kind> failure;
};

Outcome read(catalog::BodyReader& reader) {
    Outcome outcome;
    for (;;) {
        auto piece = run(reader.next());
        if (!piece) {
            outcome.failure = piece.error().kind;
            return outcome;
        }
        if (piece->empty()) return outcome;
        outcome.text += base::as_text(*piece);
    }
}

double frames_not_opened() {
    for (const auto& sample : base::metrics::samples())
        if (sample.name == "holdfast_frames_not_opened_total") return sample.value;
    return 0;
}

catalog::BodyReader open(Catalog& c, const std::string& key, catalog::FoundObject found) {
    auto reader = run(c.objects.open(c.bucket, key, found, 0, found.record.size()));
    REQUIRE(reader);
    return std::move(*reader);
}

}  // namespace

TEST_CASE("BodyReader: of a damaged frame nothing is handed out, P10", "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    const auto text = make_text(9 * frame_plain_bytes + 100);
    c.put("a", text);
    const std::uint64_t frame = GENERATE(0U, 3U, 4U, 8U, 9U);
    const std::uint64_t offset = GENERATE(0U, 50U, 115U);
    c.blobs.damaged_byte = frame * frame_stored_bytes + offset;
    auto reader = open(c, "a", *c.find("a"));
    const auto outcome = read(reader);
    REQUIRE(outcome.failure);
    CHECK(*outcome.failure == StorageError::Kind::corrupt);
    CHECK(outcome.text.size() <= frame * frame_plain_bytes);
    CHECK(outcome.text == text.substr(0, outcome.text.size()));
}

TEST_CASE("BodyReader: a damaged tag is damage too, and counted, P11", "[catalog][body]") {
    const auto before = frames_not_opened();
    Catalog c;
    c.make_bucket();
    c.put("a", make_text(3 * frame_plain_bytes));
    c.blobs.damaged_byte = 2 * frame_stored_bytes - 1;
    auto reader = open(c, "a", *c.find("a"));
    CHECK(read(reader).failure == StorageError::Kind::corrupt);
    CHECK(frames_not_opened() == before + 1);
}

TEST_CASE("BodyReader: a range reads its own frames only", "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    const auto text = make_text(5 * frame_plain_bytes);
    c.put("a", text);
    c.blobs.damaged_byte = 4 * frame_stored_bytes;
    auto range = c.get_range("a", 10, 4 * frame_plain_bytes - 10);
    REQUIRE(range);
    CHECK(*range == text.substr(10, 4 * frame_plain_bytes - 10));
}

TEST_CASE("BodyReader: a damaged inline body is damage", "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    c.put("a", make_text(1000));
    auto found = *c.find("a");
    found.sealed[500] = static_cast<char>(found.sealed[500] ^ 1);
    auto reader = open(c, "a", found);
    const auto outcome = read(reader);
    CHECK(outcome.failure == StorageError::Kind::corrupt);
    CHECK(outcome.text.empty());
}

TEST_CASE("BodyReader: stored bytes that do not fit their record are damage, before any is read",
          "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    const bool in_blob = GENERATE(false, true);
    const std::size_t size = in_blob ? 6 * frame_plain_bytes : 1000;
    c.put("a", make_text(size));
    auto found = *c.find("a");
    auto& body = *found.record.mutable_body();
    std::size_t asked = size;
    SECTION("a record of a longer body") {
        asked = size + frame_plain_bytes;
        found.record.set_size(asked);
        body.set_plain_bytes(asked);
    }
    SECTION("an object longer than its body") {
        asked = 100 * size;
        found.record.set_size(asked);
    }
    SECTION("frames of another size, or a body row cut short") {
        if (in_blob)
            body.mutable_blob()->set_frame_bytes(1 << 20);
        else
            found.sealed.resize(900);
    }
    SECTION("a shorter blob, or no body row") {
        if (in_blob)
            body.mutable_blob()->set_stored_bytes(100);
        else
            found.sealed.clear();
    }
    auto reader = run(c.objects.open(c.bucket, "a", found, 0, asked));
    REQUIRE(failure_of(reader) == CatalogError::Kind::storage);
    CHECK(reader.error().storage.kind == StorageError::Kind::corrupt);
}

TEST_CASE("BodyReader: the key of another object or bucket does not open it", "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    c.put("a", make_text(1000));
    auto found = *c.find("a");
    const auto opened = run(c.objects.open(c.bucket, "b", found, 0, 1000));
    REQUIRE(failure_of(opened) == CatalogError::Kind::storage);
    CHECK(opened.error().storage.kind == StorageError::Kind::wrong_key);
    const auto elsewhere = run(c.objects.open("0000000000000000", "a", found, 0, 1000));
    REQUIRE(failure_of(elsewhere) == CatalogError::Kind::storage);
    CHECK(elsewhere.error().storage.kind == StorageError::Kind::wrong_key);
}

TEST_CASE("BodyWriter: any inline limit up to a frame, 0 for none", "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    c.store.inline_bytes_max = GENERATE(std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000},
                                        std::uint64_t{frame_plain_bytes});
    Catalog::How how;
    how.size_known = GENERATE(true, false);
    how.bytes_a_call = GENERATE(std::size_t{1 << 30}, std::size_t{500}, frame_plain_bytes);
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{2}, std::size_t{1000}, std::size_t{1001}, frame_plain_bytes,
          frame_plain_bytes + 1, 2 * frame_plain_bytes}) {
        CAPTURE(c.store.inline_bytes_max, how.size_known, how.bytes_a_call, size);
        const auto key = "k" + std::to_string(size);
        c.put(key, make_text(size), how);
        CHECK(c.get(key) == make_text(size));
        CHECK(c.has_body_row("o" + key) == (size <= c.store.inline_bytes_max));
    }
}

TEST_CASE(
    "BodyWriter: a body of known size is refused before the client sends when the disk is "
    "full",
    "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    c.blobs.failing_creates = 1;
    catalog::BodyWriter::Options options;
    options.plain_bytes = 100'000;
    catalog::BodyWriter writer(c.store, c.keyring->make_data_key(), options);
    auto prepared = run(writer.prepare());
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().kind == StorageError::Kind::out_of_space);
}

TEST_CASE(
    "BodyWriter: a body without a blob, or of unknown size, is refused too when the disk is full",
    "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    catalog::BodyWriter::Options options;
    options.plain_bytes = GENERATE(std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{0},
                                   std::optional<std::uint64_t>{1000});
    c.blobs.failing_checks = 1;
    catalog::BodyWriter writer(c.store, c.keyring->make_data_key(), options);
    auto prepared = run(writer.prepare());
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().kind == StorageError::Kind::out_of_space);
    CHECK(run(writer.prepare()));
    CHECK(c.blobs.created == 0);
}

TEST_CASE("BodyWriter: destroyed before finish it leaves nothing", "[catalog][body]") {
    Catalog c;
    c.make_bucket();
    {
        catalog::BodyWriter writer(c.store, c.keyring->make_data_key(), {});
        const auto text = make_text(500'000);
        REQUIRE(run(writer.append(base::as_bytes(text))));
    }
    CHECK(c.blobs.created == 1);
    CHECK(c.blobs.live() == 0);
}
