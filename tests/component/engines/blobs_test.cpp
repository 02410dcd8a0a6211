#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <thread>

#include "base/random.h"
#include "base/spawn.h"
#include "tests/component/engines/engine_under_test.h"
#include "tests/loop_of_nobody.h"
#include "tests/run_coroutine.h"

using namespace holdfast::test;
using holdfast::base::Awaitable;
using holdfast::base::Bytes;
using holdfast::base::ByteView;
using holdfast::storage::BlobId;
using holdfast::storage::BlobIdentity;
using holdfast::storage::BlobKind;
using holdfast::storage::BlobOptions;
using holdfast::storage::BlobRef;
using holdfast::storage::BlobStore;

namespace {

constexpr std::uint32_t frame = 4096 + 16;

BlobId make_id(std::uint64_t seed) {
    BlobId id{};
    holdfast::base::SeededRandom random(seed);
    random.fill(id);
    return id;
}

Bytes make_bytes(std::size_t size, std::uint64_t seed) {
    Bytes bytes(size);
    holdfast::base::SeededRandom random(seed);
    random.fill(bytes);
    return bytes;
}

struct WriteOptions {
    std::size_t frames_a_call = 4;
    bool size_known = true;
    std::uint32_t frame_bytes = frame;
    BlobKind kind = BlobKind::object;
};

Awaitable<std::optional<BlobRef>> write(BlobStore& blobs, BlobId id, const Bytes& bytes,
                                        WriteOptions how = {}) {
    BlobOptions options;
    options.kind = how.kind;
    options.id = id;
    options.frame_bytes = how.frame_bytes;
    if (how.size_known) options.expected_stored_bytes = bytes.size();
    auto writer = co_await blobs.create(std::move(options));
    if (!writer) co_return std::nullopt;
    const auto step = how.frames_a_call * how.frame_bytes;
    Bytes buffer;  // reused for every call, as a request does
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const auto piece = ByteView(bytes).subspan(at, std::min(step, bytes.size() - at));
        buffer.assign(piece.begin(), piece.end());
        auto appended = co_await (*writer)->append(buffer);
        if (!appended) co_return std::nullopt;
        std::fill(buffer.begin(), buffer.end(), std::uint8_t{0});
    }
    BlobIdentity identity;
    identity.partition = "p";
    identity.row_key = "okey";
    identity.record = "record";
    auto ref = co_await (*writer)->finish(identity);
    if (!ref) co_return std::nullopt;
    co_return *ref;
}

Awaitable<Bytes> read(BlobStore& blobs, const BlobRef& ref, std::uint64_t first,
                      std::uint64_t count) {
    auto reader = co_await blobs.open(ref);
    if (!reader) co_return Bytes();
    Bytes to(count * ref.frame_bytes);
    auto size = co_await (*reader)->read(first, count, to);
    if (!size) co_return Bytes();
    to.resize(*size);
    co_return to;
}

std::uint64_t frames_of(const BlobRef& ref) {
    return (ref.stored_bytes + ref.frame_bytes - 1) / ref.frame_bytes;
}

Bytes read_all(BlobStore& blobs, const BlobRef& ref) {
    return run(read(blobs, ref, 0, frames_of(ref)));
}

BlobRef written(BlobStore& blobs, std::uint64_t seed, const Bytes& bytes, WriteOptions how = {}) {
    auto ref = run(write(blobs, make_id(seed), bytes, how));
    REQUIRE(ref);
    return *ref;
}

}  // namespace

TEST_CASE("blob: what was written is read, whatever its size and the calls", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto size = GENERATE(std::size_t{1}, std::size_t{frame - 1}, std::size_t{frame},
                               std::size_t{frame + 1}, std::size_t{3 * frame},
                               std::size_t{17 * frame + 100}, std::size_t{600 * frame + 5});
    WriteOptions how;
    how.frames_a_call = GENERATE(std::size_t{1}, std::size_t{4}, std::size_t{1000});
    how.size_known = GENERATE(true, false);
    const auto bytes = make_bytes(size, size);
    const auto ref = written(engine->blobs(), 1, bytes, how);
    CHECK(ref.id == make_id(1));
    CHECK(ref.stored_bytes == size);
    CHECK(ref.frame_bytes == frame);
    CHECK_FALSE(ref.extents.empty());
    CHECK(read_all(engine->blobs(), ref) == bytes);
}

TEST_CASE("blob: any run of frames is read, the short last one too", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto bytes = make_bytes(9 * frame + 77, 3);
    const auto ref = written(engine->blobs(), 1, bytes);
    for (std::uint64_t first = 0; first < 10; ++first) {
        for (std::uint64_t count = 1; first + count <= 10; ++count) {
            const auto begin = first * frame;
            const auto size = std::min<std::size_t>(count * frame, bytes.size() - begin);
            const auto expected = ByteView(bytes).subspan(begin, size);
            const auto found = run(read(engine->blobs(), ref, first, count));
            CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
        }
    }
}

TEST_CASE("blob: frames of 64 KiB and a tag, of parts as of objects", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    WriteOptions how;
    how.frame_bytes = 64 * 1024 + 16;
    how.kind = GENERATE(BlobKind::object, BlobKind::part);
    const auto bytes = make_bytes(5 * how.frame_bytes + 1000, 4);
    const auto ref = written(engine->blobs(), 1, bytes, how);
    CHECK(read_all(engine->blobs(), ref) == bytes);
}

TEST_CASE("blob: one reader reads many times, in any order", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto bytes = make_bytes(8 * frame, 5);
    const auto ref = written(engine->blobs(), 1, bytes);
    std::size_t right = 0;
    const auto work = [&]() -> Awaitable<void> {
        auto reader = co_await engine->blobs().open(ref);
        if (!reader) co_return;
        Bytes to(frame);
        for (const std::uint64_t at : {7, 0, 3, 3, 6, 1}) {
            auto size = co_await (*reader)->read(at, 1, to);
            if (size && *size == frame &&
                std::equal(to.begin(), to.end(),
                           bytes.begin() + static_cast<std::ptrdiff_t>(at * frame)))
                ++right;
        }
    };
    run(work());
    CHECK(right == 6);
}

TEST_CASE("blob: two blobs written at the same time do not mix", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto a = make_bytes(6 * frame, 6);
    const auto b = make_bytes(6 * frame, 7);
    std::array<std::optional<BlobRef>, 2> refs;
    const auto work = [&]() -> Awaitable<void> {
        std::array<std::unique_ptr<holdfast::storage::BlobWriter>, 2> writers;
        for (std::size_t i = 0; i < 2; ++i) {
            BlobOptions options;
            options.id = make_id(i + 1);
            options.frame_bytes = frame;
            auto writer = co_await engine->blobs().create(std::move(options));
            if (!writer) co_return;
            writers[i] = std::move(*writer);
        }
        for (std::size_t at = 0; at < 6; ++at) {
            auto first = co_await writers[0]->append(ByteView(a).subspan(at * frame, frame));
            auto second = co_await writers[1]->append(ByteView(b).subspan(at * frame, frame));
            if (!first || !second) co_return;
        }
        const BlobIdentity identity;
        for (std::size_t i = 0; i < 2; ++i) {
            auto ref = co_await writers[i]->finish(identity);
            if (ref) refs[i] = *ref;
        }
    };
    run(work());
    REQUIRE(refs[0]);
    REQUIRE(refs[1]);
    CHECK(read_all(engine->blobs(), *refs[0]) == a);
    CHECK(read_all(engine->blobs(), *refs[1]) == b);
}

TEST_CASE("blob: a writer that goes without finish leaves nothing", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto kept = make_bytes(3 * frame, 8);
    const auto before_ref = written(engine->blobs(), 1, kept);
    const auto before = engine->live_blob_bytes();
    bool appended = false;
    const auto size_known = GENERATE(true, false);
    const auto work = [&]() -> Awaitable<void> {
        BlobOptions options;
        options.id = make_id(2);
        options.frame_bytes = frame;
        if (size_known) options.expected_stored_bytes = 10 * frame;
        auto writer = co_await engine->blobs().create(std::move(options));
        if (!writer) co_return;
        const auto bytes = make_bytes(4 * frame, 9);
        auto done = co_await (*writer)->append(bytes);
        appended = done.has_value();
    };
    run(work());
    CHECK(appended);
    CHECK(engine->live_blob_bytes() == before);
    const auto after = make_bytes(5 * frame + 1, 10);
    const auto after_ref = written(engine->blobs(), 3, after);
    CHECK(read_all(engine->blobs(), before_ref) == kept);
    CHECK(read_all(engine->blobs(), after_ref) == after);
}

TEST_CASE("release: gives the space back; again, it does nothing", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto before = engine->live_blob_bytes();
    const auto ref = written(engine->blobs(), 1, make_bytes(40 * frame, 11));
    for (int i = 0; i < 3; ++i) CHECK(run(engine->blobs().release(ref)));
    CHECK(engine->live_blob_bytes() == before);
}

TEST_CASE("release: other blobs are untouched", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    std::vector<Bytes> contents;
    std::vector<BlobRef> refs;
    for (std::uint64_t i = 0; i < 12; ++i) {
        contents.push_back(make_bytes((i + 1) * 3 * frame - i, 20 + i));
        refs.push_back(written(engine->blobs(), i + 1, contents.back()));
    }
    for (std::size_t i = 0; i < refs.size(); i += 2) CHECK(run(engine->blobs().release(refs[i])));
    for (std::size_t i = 0; i < refs.size(); i += 2) CHECK(run(engine->blobs().release(refs[i])));
    const auto fresh = make_bytes(30 * frame, 50);
    const auto fresh_ref = written(engine->blobs(), 100, fresh);
    for (std::size_t i = 1; i < refs.size(); i += 2)
        CHECK(read_all(engine->blobs(), refs[i]) == contents[i]);
    CHECK(read_all(engine->blobs(), fresh_ref) == fresh);
}

TEST_CASE("release: a reader that is open reads on to the end", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto bytes = make_bytes(20 * frame, 12);
    const auto ref = written(engine->blobs(), 1, bytes);
    holdfast::tests::LoopOfNobody borrowed;
    auto& loop = *borrowed;
    bool released = false;
    std::size_t right = 0;
    const auto give_back = [&]() -> Awaitable<void> {
        auto done = co_await engine->blobs().release(ref);
        released = done.has_value();
    };
    const auto reading = [&]() -> Awaitable<void> {
        auto reader = co_await engine->blobs().open(ref);
        if (!reader) co_return;
        holdfast::base::spawn(loop, give_back());
        Bytes to(frame);
        for (std::uint64_t at = 0; at < 20; ++at) {
            // Lets the release go as far as it gets between any two reads.
            co_await holdfast::base::asio::post(loop.get_executor(), holdfast::base::use_awaitable);
            auto size = co_await (*reader)->read(at, 1, to);
            if (size && std::equal(to.begin(), to.end(),
                                   bytes.begin() + static_cast<std::ptrdiff_t>(at * frame)))
                ++right;
        }
    };
    run_on(loop, reading());
    CHECK(right == 20);
    CHECK(released);
}

TEST_CASE("blobs: several event loops write, read and release at the same time",
          "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    std::atomic<int> right{0};
    const auto one_loop = [&](std::uint64_t who) {
        for (std::uint64_t i = 0; i < 10; ++i) {
            const auto bytes = make_bytes((i + 1) * frame + who, 1000 * who + i);
            const auto ref = run(write(engine->blobs(), make_id(1000 * who + i), bytes));
            if (!ref) continue;
            const auto found = run(read(engine->blobs(), *ref, 0, frames_of(*ref)));
            const bool even = i % 2 == 0;
            const bool released = !even || run(engine->blobs().release(*ref)).has_value();
            if (found == bytes && released) ++right;
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t who = 1; who <= 4; ++who) threads.emplace_back(one_loop, who);
    for (auto& thread : threads) thread.join();
    CHECK(right == 40);
}

TEST_CASE("blob: written on one loop, read on another", "[engines][blobs]") {
    const auto engine = HF_EACH_ENGINE();
    const auto bytes = make_bytes(5 * frame + 9, 13);
    const auto ref = written(engine->blobs(), 1, bytes);
    Bytes found;
    std::thread other([&] { found = run(read(engine->blobs(), ref, 0, frames_of(ref))); });
    other.join();
    CHECK(found == bytes);
}
