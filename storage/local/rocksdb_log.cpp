#include "storage/local/rocksdb_log.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

#include "base/log.h"

namespace holdfast::storage::local {

namespace {

class ForwardingLogger final : public rocksdb::Logger {
public:
    ForwardingLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

    [[gnu::format(printf, 2, 0)]] void Logv(const char* format, va_list arguments) override {
        Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments);
    }

    [[gnu::format(printf, 3, 0)]] void Logv(const rocksdb::InfoLogLevel level, const char* format,
                                            va_list arguments) override {
        if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
        std::array<char, 1024> text{};
        const int wanted = std::vsnprintf(text.data(), text.size(), format, arguments);
        if (wanted < 0) return;
        const std::size_t length =
            std::min<std::size_t>(static_cast<std::size_t>(wanted), text.size() - 1);
        const base::log::Field message("message", std::string_view(text.data(), length));
        if (level == rocksdb::InfoLogLevel::WARN_LEVEL)
            base::log::warning("rocksdb", {message});
        else
            base::log::error("rocksdb", {message});
    }

    void LogHeader(const char* /*format*/, va_list /*arguments*/) override {}
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_rocksdb_logger() {
    return std::make_shared<ForwardingLogger>();
}

}  // namespace holdfast::storage::local
