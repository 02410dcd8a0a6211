#include "server/health_check.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "server/startup_banner.h"

namespace holdfast::server {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// One request on one connection, as far as the status line.
class Probe {
public:
    explicit Probe(tcp::endpoint endpoint) : endpoint_(std::move(endpoint)) {}

    /// The status line, or nothing with `error()` set.
    std::string run(std::chrono::milliseconds timeout) {
        socket_.async_connect(endpoint_, [this](error_code error) { connected(error); });
        loop_.run_for(timeout);
        return status_line_;
    }
    [[nodiscard]] std::string reason() const { return error_.message(); }

private:
    void connected(error_code error) {
        if ((error_ = error)) return;
        asio::async_write(socket_, asio::buffer(request_),
                          [this](error_code failed, std::size_t) { written(failed); });
    }
    void written(error_code error) {
        if ((error_ = error)) return;
        asio::async_read_until(socket_, asio::dynamic_buffer(answer_, answer_bytes_max), "\r\n",
                               [this](error_code failed, std::size_t length) {
                                   if ((error_ = failed)) return;
                                   status_line_ = answer_.substr(0, length - 2);
                               });
    }

    static constexpr std::size_t answer_bytes_max = 4096;
    const std::string request_ =
        "GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const tcp::endpoint endpoint_;
    asio::io_context loop_;
    tcp::socket socket_{loop_};
    std::string answer_;
    std::string status_line_;
    error_code error_ = asio::error::timed_out;  ///< until something else happened
};

asio::ip::address reachable(const std::string& listening) {
    auto address = asio::ip::make_address(listening);
    if (!address.is_unspecified()) return address;
    if (address.is_v4()) return asio::ip::address_v4::loopback();
    return asio::ip::address_v6::loopback();
}

}  // namespace

Result<void> check_health(const config::Settings& settings, std::chrono::milliseconds timeout) {
    if (settings.admin_port == 0)
        return Failure{ExitCode::usage,
                       "admin.port: \"0\" says nothing about where a running server listens"};
    Probe probe(tcp::endpoint(reachable(settings.admin_address), settings.admin_port));
    const std::string status = probe.run(timeout);
    const std::string where = endpoint_url(settings.admin_address, settings.admin_port, false);
    if (status.empty()) return Failure{ExitCode::failure, where + ": " + probe.reason()};
    if (!status.starts_with("HTTP/1.1 200 "))
        return Failure{ExitCode::failure, where + "/health/ready: " + status};
    return {};
}

}  // namespace holdfast::server
