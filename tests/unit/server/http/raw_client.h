/// A blocking client that sends exactly the bytes it is told to. Gives up after 20 s, so that a
/// server that does not answer fails the test instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace holdfast::http::test {

struct Response {
    std::string head;  ///< with its empty line; empty: the connection ended before it
    std::string body;

    [[nodiscard]] int status() const { return head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0; }
    [[nodiscard]] bool says(std::string_view field) const {
        return head.find("\r\n" + std::string(field) + "\r\n") != std::string::npos;
    }
    /// How many fields of this name there are.
    [[nodiscard]] int count(std::string_view name) const {
        const std::string start = "\r\n" + std::string(name) + ":";
        int found = 0;
        for (auto at = head.find(start); at != std::string::npos; at = head.find(start, at + 1))
            ++found;
        return found;
    }
};

class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (receive_buffer > 0)
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // The socket API takes every kind of address through this type.
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("connect");
    }
    ~RawClient() { close(); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// False: the server closed.
    bool send(std::string_view text) {
        while (!text.empty()) {
            const auto count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    void end_sending() { ::shutdown(socket_, SHUT_WR); }
    /// Ends with a reset.
    void vanish() {
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    [[nodiscard]] int descriptor() const { return socket_; }

    /// One response; nothing of a next one is taken.
    Response receive(bool head_only = false) {
        Response response;
        while (response.head.find("\r\n\r\n") == std::string::npos)
            if (!take(response.head, 1)) return {};
        if (head_only) return response;
        const auto length = field(response.head, "Content-Length: ");
        if (!length.empty()) {
            take(response.body, std::stoull(length));
        } else if (response.says("Transfer-Encoding: chunked")) {
            receive_chunks(response.body);
        }
        return response;
    }
    std::string receive_all() {
        std::string all;
        while (take(all, 1)) {
        }
        return all;
    }
    /// Nothing more comes, be it by an orderly end or by a reset.
    bool ended() {
        char byte = 0;
        const auto count = ::recv(socket_, &byte, 1, 0);
        return count == 0 || (count < 0 && errno != EAGAIN);
    }

private:
    bool take(std::string& to, std::size_t count) {
        std::array<char, 65536> block{};
        while (count > 0) {
            const auto got = ::recv(socket_, block.data(), std::min(count, block.size()), 0);
            if (got <= 0) return false;
            to.append(block.data(), static_cast<std::size_t>(got));
            count -= static_cast<std::size_t>(got);
        }
        return true;
    }
    static std::string field(const std::string& head, const std::string& name) {
        const auto at = head.find("\r\n" + name);
        if (at == std::string::npos) return {};
        const auto begin = at + 2 + name.size();
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
    void receive_chunks(std::string& body) {
        while (true) {
            std::string line;
            while (line.find("\r\n") == std::string::npos)
                if (!take(line, 1)) return;
            const auto size = std::stoull(line, nullptr, 16);
            std::string end;
            if (!take(body, size) || !take(end, 2) || size == 0) return;
        }
    }

    int socket_ = -1;
};

}  // namespace holdfast::http::test
