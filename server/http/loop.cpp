#include "server/http/loop.h"

#include "server/http/listener.h"

namespace holdfast::http {

namespace {
constexpr std::size_t free_blocks_max = 256;
}

ReadBlocks::Block ReadBlocks::take() {
    if (free_.empty()) return std::make_unique_for_overwrite<std::uint8_t[]>(read_block_bytes);
    Block block = std::move(free_.back());
    free_.pop_back();
    return block;
}

void ReadBlocks::give_back(Block block) {
    if (free_.size() < free_blocks_max) free_.push_back(std::move(block));
}

Loop::Loop(const base::Clock& clock, std::string_view server_name)
    : standard_fields(clock, server_name) {}

Loop::~Loop() = default;

}  // namespace holdfast::http
