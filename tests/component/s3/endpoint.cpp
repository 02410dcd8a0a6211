#include "tests/component/s3/endpoint.h"

#include <stdexcept>

#include "base/await_callback.h"
#include "base/random.h"
#include "base/spawn.h"
#include "server/s3/service.h"
#include "storage/crypto/keyring.h"
#include "tests/catch.h"
#include "tests/loop_of_nobody.h"
#include "tests/run_coroutine.h"

namespace holdfast::test {

namespace {

namespace catalog = storage::catalog;

/// As REQUIRE, but for any thread: the test framework's own checks are not.
void must(bool truth, const char* what) {
    if (!truth) throw std::logic_error(what);
}

class OneKey final : public auth::CredentialSource {
public:
    [[nodiscard]] std::shared_ptr<const auth::Credential> find(std::string_view id) const override {
        return id == credential_->access_key_id ? credential_ : nullptr;
    }

private:
    std::shared_ptr<const auth::Credential> credential_ = std::make_shared<const auth::Credential>(
        auth::Credential{std::string(access_key_id), base::Secret(std::string(secret_key)),
                         auth::Account{std::string(account_id), canonical_id, "root"}});
};

/// One request's connection. Reading its body lets other requests go on.
class FakeExchange final : public http::Exchange {
public:
    explicit FakeExchange(Wire wire) : wire_(std::move(wire)) {
        peer_.address = "127.0.0.1";
        peer_.loopback = true;
    }
    FakeExchange(const Request& request, base::WallTime now) : FakeExchange(request.wire(now)) {
        cut_ = request.cut();
        piece_bytes_ = request.piece_bytes();
        if (request.stalls()) end_ = http::ConnectionError::Kind::timeout;
    }

    [[nodiscard]] const http::RequestHead& head() const override { return wire_.head; }
    [[nodiscard]] const http::Peer& peer() const override { return peer_; }

    base::Awaitable<http::Result<std::size_t>> read_body(base::ByteSpan to) override {
        // Not asio::post, which ends the process when there is no memory for it.
        auto at_once = [](const base::Resume<base::Unit>& resume) { resume({}); };
        co_await base::await_callback<base::Unit>(at_once);
        answer.continued = true;
        const auto end = cut_ ? std::min(*cut_, wire_.body.size()) : wire_.body.size();
        const auto size = std::min({to.size(), piece_bytes_, end - read_});
        if (size == 0 && cut_) co_return http::ConnectionError{end_};
        const auto from = base::as_bytes(wire_.body).subspan(read_, size);
        std::copy(from.begin(), from.end(), to.begin());
        read_ += size;
        co_return size;
    }

    base::Awaitable<http::Result<void>> send(http::ResponseHead head,
                                             base::ByteView body) override {
        must(answer.status == 0, "a second answer");
        take_head(std::move(head), body.size());
        if (!bodiless()) answer.body = base::as_text(body);
        finished_ = true;
        co_return http::Result<void>{};
    }
    base::Awaitable<http::Result<void>> start(http::ResponseHead head,
                                              std::optional<std::uint64_t> length) override {
        must(answer.status == 0, "a second answer");
        take_head(std::move(head), length);
        length_ = length;
        co_return http::Result<void>{};
    }
    base::Awaitable<http::Result<void>> write(base::ByteView bytes) override {
        must(answer.status != 0, "a body before the head");
        answered_ = true;
        answer.body += base::as_text(bytes);
        co_return http::Result<void>{};
    }
    base::Awaitable<http::Result<void>> finish() override {
        answered_ = true;
        finished_ = true;
        if (length_ && !bodiless())
            must(answer.body.size() == *length_, "a body of another length");
        co_return http::Result<void>{};
    }
    [[nodiscard]] bool answered() const override { return answered_; }
    void abort() override { answer.aborted = true; }

    [[nodiscard]] bool ended() const { return finished_ || answer.aborted; }

    Answer answer;

private:
    [[nodiscard]] bool bodiless() const {
        return wire_.head.method == "HEAD" || answer.status == 204 || answer.status == 304;
    }
    void take_head(http::ResponseHead head, std::optional<std::uint64_t> length) {
        answer.status = head.status;
        answer.headers = std::move(head.headers);
        if (length && !answer.has("content-length") && answer.status != 204)
            answer.headers.emplace_back("Content-Length", std::to_string(*length));
    }

    Wire wire_;
    http::Peer peer_;
    std::optional<std::size_t> cut_;
    http::ConnectionError::Kind end_ = http::ConnectionError::Kind::closed;
    std::size_t piece_bytes_ = 64 * 1024;
    std::size_t read_ = 0;
    std::optional<std::uint64_t> length_;
    bool answered_ = false;
    bool finished_ = false;
};

s3::Options options_of(const EndpointOptions& given) {
    s3::Options options;
    options.region = given.region;
    options.domains = given.domains;
    options.root = auth::Account{std::string(account_id), canonical_id, "root"};
    options.duplicate_parts_last_wins = given.duplicate_parts_last_wins;
    options.object_bytes_max = given.object_bytes_max;
    options.put_bytes_max = given.put_bytes_max;
    options.part_bytes_min = given.part_bytes_min;
    return options;
}

std::unique_ptr<storage::crypto::Keyring> make_keyring(base::Random& random) {
    const base::Secret key(base::to_base64(base::Bytes(32, 7)));
    auto keyring = storage::crypto::Keyring::from_text(key, random);
    REQUIRE(keyring);
    return std::move(*keyring);
}

}  // namespace

struct Endpoint::Parts {
    Parts(storage::MetadataStore& rows, storage::BlobStore& blobs, base::FakeClock& given,
          const EndpointOptions& options)
        : clock(given),
          keyring(make_keyring(random)),
          store{rows, blobs, *keyring, clock, random, garbage},
          service(s3::Services{options_of(options), store, buckets, objects, uploads, verifier,
                               clock, random, md5}) {}

    base::FakeClock& clock;
    base::SystemRandom random;
    catalog::GarbageList garbage;
    std::unique_ptr<storage::crypto::Keyring> keyring;
    catalog::Store store;
    catalog::Buckets buckets{store};
    catalog::Objects objects{store};
    catalog::Uploads uploads{store, objects};
    OneKey credentials;
    auth::Verifier verifier{auth::VerifierOptions{}, credentials, clock};
    storage::checksum::Md5Hasher md5{1};
    s3::Service service;
};

Endpoint::Endpoint(storage::MetadataStore& rows, storage::BlobStore& blobs, base::FakeClock& clock,
                   const EndpointOptions& options)
    : parts_(std::make_unique<Parts>(rows, blobs, clock, options)) {
    REQUIRE(run(parts_->buckets.recover()));
}

Endpoint::~Endpoint() = default;

base::Awaitable<Answer> Endpoint::serve(const Request& request) {
    FakeExchange exchange(request, parts_->clock.wall());
    co_await parts_->service.handle(exchange);
    must(exchange.ended(), "a request without an end");
    co_return std::move(exchange.answer);
}

Answer Endpoint::send(const Request& request) {
    return run(serve(request));
}

Answer Endpoint::send_wire(Wire wire) {
    return run(serve_wire(std::move(wire)));
}

base::Awaitable<Answer> Endpoint::serve_wire(Wire wire) {
    FakeExchange exchange(std::move(wire));
    co_await parts_->service.handle(exchange);
    must(exchange.ended(), "a request without an end");
    co_return std::move(exchange.answer);
}

http::RequestHandler& Endpoint::handler() {
    return parts_->service;
}

Answer Endpoint::refuse(unsigned status, std::string_view code) {
    auto [head, body] = parts_->service.refuse(status, code, "refused");
    Answer answer;
    answer.status = head.status;
    answer.headers = std::move(head.headers);
    answer.body = std::move(body);
    return answer;
}

std::vector<Answer> Endpoint::race(const std::vector<Request>& requests) {
    std::vector<Answer> answers(requests.size());
    tests::LoopOfNobody borrowed;
    auto& loop = *borrowed;
    auto one = [this](const Request& request, Answer& to) -> base::Awaitable<void> {
        to = co_await serve(request);
    };
    for (std::size_t i = 0; i < requests.size(); ++i)
        base::spawn(loop, one(requests[i], answers[i]));
    loop.run();
    return answers;
}

Answer Endpoint::put(std::string target, std::string body) {
    return send(Request("PUT", std::move(target)).body(std::move(body)));
}

Answer Endpoint::post(std::string target, std::string body) {
    return send(Request("POST", std::move(target)).body(std::move(body)));
}

std::string Endpoint::start_upload(const std::string& path, const http::Headers& headers) {
    Request request("POST", path + "?uploads");
    for (const auto& [name, value] : headers) request.header(name, value);
    const auto answer = send(request);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    return answer.element("UploadId");
}

std::string Endpoint::put_part(const std::string& path, const std::string& upload_id, int number,
                               const std::string& body) {
    const auto answer =
        put(path + "?partNumber=" + std::to_string(number) + "&uploadId=" + upload_id, body);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    return answer.header("ETag");
}

std::size_t Endpoint::collect_garbage() {
    std::size_t blobs = 0;
    for (const auto& item : parts_->garbage.take()) {
        for (const auto& blob : item.blobs) {
            REQUIRE(run(parts_->store.blobs.release(blob)));
            ++blobs;
        }
        storage::Transaction drop;
        drop.deletes.push_back({storage::RowFamily::index, item.row});
        REQUIRE(run(parts_->store.metadata.commit(item.partition, std::move(drop))));
    }
    return blobs;
}

storage::catalog::Store& Endpoint::store() {
    return parts_->store;
}

storage::catalog::Buckets& Endpoint::buckets() {
    return parts_->buckets;
}

storage::catalog::Uploads& Endpoint::uploads() {
    return parts_->uploads;
}

std::string Endpoint::rows_of(std::string_view bucket) {
    std::vector<storage::Partition> partitions{catalog::system_partition};
    auto found = run(parts_->buckets.find(bucket));
    REQUIRE(found);
    if (*found) partitions.push_back(catalog::bucket_partition((*found)->id()));
    std::string text;
    for (const auto& partition : partitions) {
        storage::ScanRange range;
        range.rows_max = 1'000'000;
        range.bytes_max = 1ULL << 40;
        auto page = run(parts_->store.metadata.scan(partition, std::move(range)));
        REQUIRE(page);
        for (const auto& row : page->rows)
            text.append(row.key).append(1, '\0').append(row.value).append(1, '\0');
    }
    return text;
}

}  // namespace holdfast::test
