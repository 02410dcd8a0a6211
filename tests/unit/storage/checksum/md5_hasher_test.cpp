#include "storage/checksum/md5_hasher.h"

#include <atomic>
#include <future>
#include <system_error>

#include "base/random.h"
#include "storage/checksum/digest.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::checksum;

namespace {

struct Upload {
    base::Bytes bytes;
    Md5Stream stream;
};

std::shared_ptr<Upload> make_upload(base::Random& random, std::size_t bytes) {
    auto upload = std::make_shared<Upload>();
    upload->bytes.resize(bytes);
    random.fill(upload->bytes);
    return upload;
}

void wait(Md5Hasher::Ticket& ticket) {
    std::promise<void> hashed;
    ticket.when_done([&hashed] { hashed.set_value(); });
    hashed.get_future().wait();
    CHECK(ticket.done());
}

}  // namespace

TEST_CASE("pieces of many uploads are hashed, each in its order") {
    base::SeededRandom random(7);
    Md5Hasher hasher(2);
    constexpr std::size_t piece_bytes = 5000;  // not whole blocks
    std::vector<std::shared_ptr<Upload>> uploads;
    for (std::size_t i = 0; i < 40; ++i) uploads.push_back(make_upload(random, 2 * piece_bytes));
    for (const std::size_t offset : {std::size_t{0}, piece_bytes}) {
        std::vector<std::shared_ptr<Md5Hasher::Ticket>> tickets;
        for (const auto& upload : uploads)
            tickets.push_back(hasher.add(
                {&upload->stream, base::ByteView(upload->bytes).subspan(offset, piece_bytes)},
                upload));
        for (const auto& ticket : tickets) wait(*ticket);
    }
    for (const auto& upload : uploads) CHECK(upload->stream.finish() == md5(upload->bytes));
}

TEST_CASE("a piece keeps what it lives in, when nobody waits for it any more, and no longer") {
    base::SeededRandom random(8);
    std::weak_ptr<Upload> left;
    std::promise<void> hashed;
    {
        Md5Hasher hasher(1);
        auto upload = make_upload(random, 1 << 20);
        left = upload;
        hasher.add({&upload->stream, upload->bytes}, upload)->when_done([&hashed] {
            hashed.set_value();
        });
        upload.reset();
    }
    // The hasher was told to end with the piece still in its queue or under way.
    CHECK(hashed.get_future().wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    CHECK(left.expired());
}

TEST_CASE("a hasher one of whose threads cannot be started says so, and leaves none behind") {
    for (const std::size_t failing : {1U, 2U, 3U}) {
        std::size_t started = 0;
        std::atomic<std::size_t> ended = 0;
        const auto start = [&](std::function<void()> body) {
            if (started + 1 == failing)
                throw std::system_error(
                    std::make_error_code(std::errc::resource_unavailable_try_again));
            ++started;
            return std::thread([&ended, run = std::move(body)] {
                run();
                ++ended;
            });
        };
        CHECK_THROWS_WITH(Md5Hasher(3, start),
                          "thread " + std::to_string(failing) +
                              " of 3 for MD5 cannot be started: Resource temporarily unavailable");
        CHECK(started == failing - 1);
        CHECK(ended == started);
    }
}
