/// The whole server in process, over the engine in memory: bytes of one connection go in, cut into
/// pieces, and its answers come out. Time stands still and randomness repeats, so that the same
/// bytes have the same answers. threads: one.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/spawn.h"
#include "server/http/session.h"
#include "server/s3/service.h"
#include "storage/crypto/keyring.h"
#include "storage/memory/engine.h"
#include "tests/component/s3/request.h"
#include "tests/run_coroutine.h"

namespace holdfast::test {

/// How a connection's bytes come and go: in steps of 1 to `step_max` bytes, some of them awaited.
class Pieces {
public:
    Pieces(std::uint64_t seed, std::size_t step_max) : state_(seed), step_max_(step_max) {}
    static Pieces whole() { return {0, std::size_t{1} << 40}; }
    std::size_t step() { return 1 + draw() % step_max_; }
    bool waits() { return step_max_ < 1000 && draw() % 4 == 0; }

private:
    std::uint64_t draw() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return state_ >> 33 | (state_ & 0xff) << 31;
    }
    std::uint64_t state_;
    std::size_t step_max_;
};

/// A peer that has said all of it already, and hears everything.
class ScriptedTransport final : public http::Transport {
public:
    ScriptedTransport(std::string_view script, Pieces pieces, std::string& heard)
        : script_(script), pieces_(pieces), heard_(heard) {}

    http::IoStep handshake() override { return {http::IoStep::State::done, 0}; }
    http::IoStep read(base::ByteSpan to) override {
        if (script_.empty()) return {http::IoStep::State::ended, 0};
        if (pieces_.waits()) return {http::IoStep::State::wants_read, 0};
        const auto size = std::min({pieces_.step(), to.size(), script_.size()});
        std::copy_n(script_.begin(), size, to.begin());
        script_.remove_prefix(size);
        return {http::IoStep::State::done, size};
    }
    http::IoStep write(std::span<const iovec> parts) override {
        if (pieces_.waits()) return {http::IoStep::State::wants_write, 0};
        std::size_t left = 16 * pieces_.step();
        std::size_t written = 0;
        for (const auto& part : parts) {
            const auto size = std::min(left, part.iov_len);
            heard_.append(static_cast<const char*>(part.iov_base), size);
            left -= size;
            written += size;
        }
        return {http::IoStep::State::done, written};
    }
    void end_writing() override {}
    [[nodiscard]] bool may_hold_bytes() const override { return false; }

private:
    std::string_view script_;
    Pieces pieces_;
    std::string& heard_;
};

class OneKey final : public auth::CredentialSource {
public:
    [[nodiscard]] std::shared_ptr<const auth::Credential> find(std::string_view id) const override {
        return id == credential_->access_key_id ? credential_ : nullptr;
    }
    [[nodiscard]] const auth::Account& account() const { return credential_->account; }

private:
    std::shared_ptr<const auth::Credential> credential_ = std::make_shared<const auth::Credential>(
        auth::Credential{std::string(access_key_id), base::Secret(std::string(secret_key)),
                         auth::Account{"111122223333", std::string(64, 'c'), "root"}});
};

class SmallServer {
public:
    SmallServer() { HF_ASSERT(run(buckets_.recover())); }

    /// Everything the peer hears until the connection ends.
    std::string talk(std::string_view bytes, Pieces pieces) {
        std::string heard;
        loop_.context.restart();
        http::Session::Socket socket(loop_.context.get_executor());
        int ends[2];
        HF_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        socket.assign(base::asio::ip::tcp::v4(), ends[0]);
        // Always readable and writable: what there is to read, the transport says.
        const http::Session::Socket other(loop_.context.get_executor(), base::asio::ip::tcp::v4(),
                                          ends[1]);
        ::shutdown(ends[1], SHUT_WR);
        http::Peer peer;
        peer.address = "127.0.0.1";
        peer.loopback = true;
        HF_ASSERT(shared_.connection_limits.admit(peer.address) ==
                  http::ConnectionLimits::Verdict::admitted);
        const http::Session::Place place{loop_, shared_, service_, true};
        auto session = std::make_shared<http::Session>(
            place, std::move(socket), std::make_unique<ScriptedTransport>(bytes, pieces, heard),
            peer);
        auto ended = [this](const std::exception_ptr& thrown) {
            loop_.context.stop();
            if (thrown) std::rethrow_exception(thrown);
        };
        base::spawn(loop_.context, session->run(), ended);
        loop_.context.run();
        return heard;
    }

    /// The request as a client that does everything right sends it.
    [[nodiscard]] std::string bytes_of(const Request& request) const {
        const auto wire = request.wire(clock_.wall());
        auto text = wire.head.method + " " + wire.head.target + " HTTP/1.1\r\n";
        for (const auto& [name, value] : wire.head.headers)
            text.append(name).append(": ").append(value).append("\r\n");
        if (wire.head.content_length)
            text += "content-length: " + std::to_string(*wire.head.content_length) + "\r\n";
        return text + "\r\n" + wire.body;
    }

    /// Over one connection. REQUIRES: every answer has a length, and none is to HEAD.
    std::vector<Answer> ask(const std::vector<Request>& requests) {
        std::string script;
        for (const auto& request : requests) script += bytes_of(request);
        const auto heard = talk(script, Pieces::whole());
        std::string_view rest = heard;
        std::vector<Answer> answers;
        while (!rest.empty()) {
            constexpr std::string_view length_field = "\r\nContent-Length: ";
            const auto head = rest.substr(0, rest.find("\r\n\r\n") + 4);
            const auto length = head.find(length_field);
            HF_ASSERT(head.starts_with("HTTP/1.1 "));
            Answer& answer = answers.emplace_back();
            answer.status = static_cast<unsigned>(std::stoul(std::string(head.substr(9, 3))));
            rest.remove_prefix(head.size());
            if (length == std::string_view::npos) continue;  // 204
            const auto size =
                std::stoul(std::string(head.substr(length + length_field.size(), 10)));
            answer.body = rest.substr(0, size);
            rest.remove_prefix(size);
        }
        HF_ASSERT(answers.size() <= requests.size());
        return answers;
    }
    Answer ask(const Request& request) {
        auto answers = ask(std::vector{request});
        HF_ASSERT(answers.size() == 1);
        return std::move(answers.front());
    }

private:
    static http::ServerOptions server_options() {
        http::ServerOptions options;
        options.limits.request_line_bytes_max = 4096;
        options.limits.header_section_bytes_max = 4096;
        return options;
    }
    static std::unique_ptr<storage::crypto::Keyring> make_keyring(base::Random& random) {
        auto keyring = storage::crypto::Keyring::from_text(
            base::Secret(base::to_base64(base::Bytes(32, 7))), random);
        HF_ASSERT(keyring);
        return *std::move(keyring);
    }
    [[nodiscard]] s3::Options options() const {
        s3::Options options;
        options.domains = {"s3.example.test"};
        options.root = credentials_.account();
        options.object_bytes_max = 1 << 20;
        options.part_bytes_min = 4;
        return options;
    }

    base::FakeClock clock_{base::WallTime(std::chrono::milliseconds(1'700'000'000'000))};
    base::SeededRandom random_{1};
    std::unique_ptr<storage::MetadataStore> rows_ = storage::memory::make_metadata_store();
    std::unique_ptr<storage::BlobStore> blobs_ = storage::memory::make_blob_store();
    storage::catalog::GarbageList garbage_;
    std::unique_ptr<storage::crypto::Keyring> keyring_ = make_keyring(random_);
    storage::catalog::Store store_{*rows_, *blobs_, *keyring_, clock_, random_, garbage_};
    storage::catalog::Buckets buckets_{store_};
    storage::catalog::Objects objects_{store_};
    storage::catalog::Uploads uploads_{store_, objects_};
    OneKey credentials_;
    auth::Verifier verifier_{auth::VerifierOptions{}, credentials_, clock_};
    storage::checksum::Md5Hasher md5_{1};
    s3::Service service_{s3::Services{options(), store_, buckets_, objects_, uploads_, verifier_,
                                      clock_, random_, md5_}};
    http::Shared shared_{server_options()};
    http::Loop loop_{clock_, "Holdfast"};
};

}  // namespace holdfast::test
