/// A client of OpenSSL's own, with certificates made for the test.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/server.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"
#include "tests/unit/server/http/raw_client.h"

namespace holdfast::http::test {

template <auto release>
struct Releaser {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
template <class T, auto release>
using Owned = std::unique_ptr<T, Releaser<release>>;

/// A directory with cert.pem and key.pem of a self-signed certificate.
class Certificate {
public:
    void write(const std::string& common_name) const {
        std::string curve = "P-256";
        const Owned<EVP_PKEY, EVP_PKEY_free> key(
            EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.data()));
        const Owned<X509, X509_free> certificate(X509_new());
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        X509_NAME* const name = X509_get_subject_name(certificate.get());
        const Owned<ASN1_STRING, ASN1_STRING_free> text(ASN1_STRING_type_new(V_ASN1_UTF8STRING));
        ASN1_STRING_set(text.get(), common_name.data(), static_cast<int>(common_name.size()));
        X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, text->data,
                                   text->length, -1, 0);
        X509_set_issuer_name(certificate.get(), name);
        REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

        const Owned<BIO, BIO_free> cert_file(BIO_new_file(files().certificate.c_str(), "w"));
        PEM_write_bio_X509(cert_file.get(), certificate.get());
        const Owned<BIO, BIO_free> key_file(BIO_new_file(files().key.c_str(), "w"));
        PEM_write_bio_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }
    [[nodiscard]] TlsFiles files() const {
        return {directory_.file("cert.pem"), directory_.file("key.pem")};
    }

private:
    tests::TemporaryDirectory directory_;
};

/// Owns the TLS of a connection whose socket is a RawClient's.
class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, int version_max = 0, std::string_view alpn = {})
        : raw_(port), context_(SSL_CTX_new(TLS_client_method())) {
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to closed connections
        if (version_max) SSL_CTX_set_max_proto_version(context_.get(), version_max);
        ssl_.reset(SSL_new(context_.get()));
        if (!alpn.empty()) {
            // The interface wants unsigned characters.
            SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                                static_cast<unsigned>(alpn.size()));
        }
        SSL_set_fd(ssl_.get(), raw_.descriptor());
        connected_ = SSL_connect(ssl_.get()) == 1;
        ERR_clear_error();
    }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
    [[nodiscard]] std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(ssl_.get(), &name, &length);
        return {name, name + length};
    }
    [[nodiscard]] std::string server_name() const {
        const Owned<X509, X509_free> certificate(SSL_get1_peer_certificate(ssl_.get()));
        std::array<char, 64> name{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName,
                                  name.data(), name.size());
        return name.data();
    }
    /// False: the server closed.
    bool send(std::string_view text) {
        const bool sent = SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
        ERR_clear_error();
        return sent;
    }
    /// Up to the end that the server announces.
    std::string receive_all() {
        std::string all;
        std::array<char, 16384> block{};
        int count = 0;
        while ((count = SSL_read(ssl_.get(), block.data(), block.size())) > 0)
            all.append(block.data(), static_cast<std::size_t>(count));
        clean_end_ = SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
        ERR_clear_error();
        return all;
    }
    [[nodiscard]] bool clean_end() const { return clean_end_; }

private:
    RawClient raw_;
    Owned<SSL_CTX, SSL_CTX_free> context_;
    Owned<SSL, SSL_free> ssl_;
    bool connected_ = false;
    bool clean_end_ = false;
};

}  // namespace holdfast::http::test
