// What a simulated disk is after a crash.

#include <array>
#include <map>

#include "base/random.h"
#include "base/sim_state.h"

namespace holdfast::base {

std::unique_ptr<SimVfs> SimVfs::crash(std::uint64_t seed) const {
    SeededRandom random(seed);
    const auto one_of = [&random](std::uint64_t bound) {
        std::array<std::uint8_t, 8> bytes;
        random.fill(bytes);
        return load_le64(bytes) % bound;
    };
    const std::lock_guard lock(state_->mutex);
    auto left = std::make_shared<SimState>(state_->options);
    SimNames names = state_->durable;
    const auto kept_in_order = one_of(state_->pending.size() + 1);
    for (std::size_t i = 0; i < state_->pending.size(); ++i) {
        const bool kept =
            state_->options.names == NameMode::ordered ? i < kept_in_order : one_of(2) == 1;
        if (kept) state_->pending[i].apply_to(names);
    }
    names.drop_unreachable();
    std::map<const SimFile*, SimFilePtr> survivors;  // two names of one file stay one file
    for (auto& [path, file] : names.files) {
        auto& survivor = survivors[file.get()];
        if (!survivor) {
            survivor = std::make_shared<SimFile>(file->survivor(random));
            left->used_bytes += survivor->allocated_bytes();
        }
        file = survivor;
    }
    left->now = names;
    left->durable = std::move(names);
    return std::unique_ptr<SimVfs>(new SimVfs(std::move(left)));
}

}  // namespace holdfast::base
