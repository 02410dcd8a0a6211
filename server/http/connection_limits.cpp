#include "server/http/connection_limits.h"

#include "base/assert.h"

namespace holdfast::http {

ConnectionLimits::Verdict ConnectionLimits::admit(const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (total_ >= options_.total_max) return Verdict::too_many;
    std::size_t& from_address = by_address_[address];
    if (from_address >= options_.per_address_max) return Verdict::too_many_from_address;
    ++from_address;
    ++total_;
    return Verdict::admitted;
}

void ConnectionLimits::release(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto found = by_address_.find(address);
    HF_ASSERT(found != by_address_.end() && total_ > 0);
    --total_;
    if (--found->second == 0) by_address_.erase(found);
}

}  // namespace holdfast::http
