#include "server/admin_client.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "server/startup_banner.h"

namespace holdfast::server {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t answer_bytes_max = 64 << 20;

/// One request on one connection, until the server closes it.
class Exchange {
public:
    Exchange(tcp::endpoint endpoint, std::string request)
        : endpoint_(std::move(endpoint)), request_(std::move(request)) {}

    /// Everything the server sent, or nothing with `reason()`.
    std::string run(std::chrono::milliseconds timeout) {
        socket_.async_connect(endpoint_, [this](error_code error) { connected(error); });
        loop_.run_for(timeout);
        return error_ == asio::error::eof ? std::move(answer_) : std::string();
    }
    [[nodiscard]] std::string reason() const { return error_.message(); }

private:
    void connected(error_code error) {
        if ((error_ = error)) return;
        asio::async_write(socket_, asio::buffer(request_), [this](error_code failed, std::size_t) {
            if ((error_ = failed)) return;
            read();
        });
    }
    void read() {
        error_ = asio::error::timed_out;  // until something else happened
        asio::async_read(socket_, asio::dynamic_buffer(answer_, answer_bytes_max),
                         [this](error_code failed, std::size_t) { error_ = failed; });
    }

    const tcp::endpoint endpoint_;
    const std::string request_;
    asio::io_context loop_;
    tcp::socket socket_{loop_};
    std::string answer_;
    error_code error_ = asio::error::timed_out;
};

asio::ip::address reachable(const std::string& listening) {
    auto address = asio::ip::make_address(listening);
    if (!address.is_unspecified()) return address;
    if (address.is_v4()) return asio::ip::address_v4::loopback();
    return asio::ip::address_v6::loopback();
}

/// Status line, headers, body up to the end of the connection; status 0 when it is not that.
AdminAnswer parse(std::string_view text) {
    constexpr std::string_view version = "HTTP/1.1 ";
    AdminAnswer answer;
    const auto end = text.find("\r\n\r\n");
    if (!text.starts_with(version) || end == std::string_view::npos) return answer;
    const auto* const digits = text.data() + version.size();
    std::from_chars(digits, digits + 3, answer.status);
    answer.body = text.substr(end + 4);
    return answer;
}

}  // namespace

std::string admin_url(const config::Settings& settings) {
    return endpoint_url(settings.admin_address, settings.admin_port, false);
}

Result<AdminAnswer> ask_admin(const config::Settings& settings, const AdminRequest& request,
                              std::chrono::milliseconds timeout) {
    if (settings.admin_port == 0)
        return Failure{ExitCode::usage,
                       "admin.port: \"0\" says nothing about where a running server listens"};
    const auto authorization =
        request.token.empty() ? std::string()
                              : fmt::format("Authorization: Bearer {}\r\n", request.token.reveal());
    Exchange exchange(tcp::endpoint(reachable(settings.admin_address), settings.admin_port),
                      fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                  "Content-Length: 0\r\n{}\r\n",
                                  request.method, request.target, authorization));
    const auto answer = parse(exchange.run(timeout));
    if (answer.status == 0)
        return Failure{ExitCode::failure, fmt::format("no server answers at {}: {}",
                                                      admin_url(settings), exchange.reason())};
    return answer;
}

}  // namespace holdfast::server
