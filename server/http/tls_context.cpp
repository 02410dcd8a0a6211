#include "server/http/tls_context.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

namespace holdfast::http {

namespace {

/// One record of TLS holds this much; the head and the first bytes of a body share one.
constexpr std::size_t record_bytes_max = 16 * base::KiB;

struct SslCloser {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class TlsTransport final : public Transport {
public:
    explicit TlsTransport(std::unique_ptr<SSL, SslCloser> ssl) : ssl_(std::move(ssl)) {}

    IoStep handshake() override {
        ERR_clear_error();
        return outcome(SSL_accept(ssl_.get()), 0);
    }

    IoStep read(base::ByteSpan to) override {
        ERR_clear_error();
        std::size_t count = 0;
        const int result = SSL_read_ex(ssl_.get(), to.data(), to.size(), &count);
        return outcome(result, count);
    }

    IoStep write(std::span<const iovec> parts) override {
        ERR_clear_error();
        const iovec part = first_record(parts);
        std::size_t count = 0;
        const int result = SSL_write_ex(ssl_.get(), part.iov_base, part.iov_len, &count);
        return outcome(result, count);
    }

    void end_writing() override {
        ERR_clear_error();
        if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
        ::shutdown(SSL_get_fd(ssl_.get()), SHUT_WR);
    }

    [[nodiscard]] bool may_hold_bytes() const override { return SSL_has_pending(ssl_.get()) == 1; }

private:
    /// Small parts become one record, in one packet. After wants_write the caller presents the same
    /// bytes, so the same record is put together again, which is all that OpenSSL asks for.
    static iovec first_record(std::span<const iovec> parts) {
        if (parts.size() == 1 || parts[0].iov_len >= record_bytes_max) return parts[0];
        thread_local std::array<std::uint8_t, record_bytes_max> record;
        std::size_t filled = 0;
        for (const iovec& part : parts) {
            const std::size_t count = std::min(part.iov_len, record.size() - filled);
            if (count == 0) continue;  // of an empty part, which may be nowhere
            std::memcpy(record.data() + filled, part.iov_base, count);
            filled += count;
        }
        return {record.data(), filled};
    }

    IoStep outcome(int result, std::size_t bytes) {
        if (result == 1) return {IoStep::State::done, bytes};
        switch (SSL_get_error(ssl_.get(), result)) {
            case SSL_ERROR_WANT_READ:
                return {IoStep::State::wants_read, 0};
            case SSL_ERROR_WANT_WRITE:
                return {IoStep::State::wants_write, 0};
            case SSL_ERROR_ZERO_RETURN:
                return {IoStep::State::ended, 0};
            default:
                return {IoStep::State::failed, 0};
        }
    }

    std::unique_ptr<SSL, SslCloser> ssl_;
};

/// What went wrong first; later entries only say that something did.
std::string first_reason() {
    const unsigned long code = ERR_peek_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
    const char* const reason = ERR_reason_error_string(code);
    return reason ? reason : "unknown reason";
}

StartError bad_file(std::string_view what, const std::string& path) {
    std::string message("TLS ");
    message.append(what).append(" ").append(path).append(": ").append(first_reason());
    return StartError{std::move(message)};
}

/// HTTP/1.1 is all there is; a client that offers only other protocols is told so.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
    static constexpr std::string_view name = "http/1.1";
    unsigned int at = 0;
    while (at < offered_length) {
        const unsigned int length = offered[at++];
        if (length > offered_length - at) break;
        if (length == name.size() && std::memcmp(offered + at, name.data(), length) == 0) {
            *chosen = offered + at;
            *chosen_length = static_cast<unsigned char>(length);
            return SSL_TLSEXT_ERR_OK;
        }
        at += length;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_options(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has nothing else.
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    // Tickets carry the state of TLS 1.2 sessions; a cache would be memory for nothing.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
}

}  // namespace

base::Expected<TlsContext::Context, StartError> TlsContext::make(const TlsFiles& files) {
    ERR_clear_error();
    const Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context) return StartError{"TLS: " + first_reason()};
    set_options(context.get());
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
        return bad_file("certificate", files.certificate);
    if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
        return bad_file("key", files.key);
    if (SSL_CTX_check_private_key(context.get()) != 1)
        return bad_file("key (it does not belong to the certificate)", files.key);
    return context;
}

base::Expected<std::shared_ptr<TlsContext>, StartError> TlsContext::load(const TlsFiles& files) {
    auto context = make(files);
    if (!context) return std::move(context).error();
    return std::shared_ptr<TlsContext>(new TlsContext(files, *context));
}

base::Expected<void, StartError> TlsContext::reload() {
    auto context = make(files_);
    if (!context) return std::move(context).error();
    const std::lock_guard lock(mutex_);
    context_ = *context;
    return {};
}

std::unique_ptr<Transport> TlsContext::make_transport(int socket) const {
    Context context;
    {
        const std::lock_guard lock(mutex_);
        context = context_;
    }
    std::unique_ptr<SSL, SslCloser> ssl(SSL_new(context.get()));
    if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsTransport>(std::move(ssl));
}

}  // namespace holdfast::http
