/// One event loop: its thread's io_context and what its sessions share without locks.
///
/// threads: the loop's own, unless said otherwise
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/async.h"
#include "base/limits.h"
#include "server/http/response_head.h"

namespace holdfast::http {

class Listener;
class Session;

/// Where heads and small pieces of bodies arrive. Idle connections have none.
inline constexpr std::size_t read_block_bytes = 8 * base::KiB;

/// Blocks that wait for the next request, so that no request pays for allocating one.
class ReadBlocks {
public:
    using Block = std::unique_ptr<std::uint8_t[]>;
    Block take();
    void give_back(Block block);

private:
    std::vector<Block> free_;
};

struct Loop {
    Loop(const base::Clock& clock, std::string_view server_name);
    ~Loop();

    ReadBlocks blocks;
    StandardFields standard_fields;
    std::unordered_set<Session*> sessions;
    // The context goes first: it destroys the sessions, which use what is above.
    base::asio::io_context context{1};
    base::asio::executor_work_guard<base::IoExecutor> work{context.get_executor()};
    std::vector<std::unique_ptr<Listener>> listeners;
    std::thread thread;
};

}  // namespace holdfast::http
