#include "storage/local/rocksdb_checksum.h"

#include "base/bytes.h"
#include "storage/local/crc32c.h"

namespace holdfast::storage::local {

namespace {

class FileChecksum final : public rocksdb::FileChecksumGenerator {
public:
    void Update(const char* data, std::size_t size) override {
        crc_ = crc32c(base::as_bytes(std::string_view(data, size)), crc_);
    }
    void Finalize() override {
        text_.clear();
        for (int shift = 24; shift >= 0; shift -= 8)
            text_.push_back(static_cast<char>((crc_ >> shift) & 0xff));
    }
    [[nodiscard]] std::string GetChecksum() const override { return text_; }
    [[nodiscard]] const char* Name() const override { return "FileChecksumCrc32c"; }

private:
    std::uint32_t crc_ = 0;
    std::string text_;
};

class Factory final : public rocksdb::FileChecksumGenFactory {
public:
    std::unique_ptr<rocksdb::FileChecksumGenerator> CreateFileChecksumGenerator(
        const rocksdb::FileChecksumGenContext& /*context*/) override {
        return std::make_unique<FileChecksum>();
    }
    [[nodiscard]] const char* Name() const override { return "FileChecksumGenCrc32cFactory"; }
};

}  // namespace

std::shared_ptr<rocksdb::FileChecksumGenFactory> make_file_checksum_factory() {
    return std::make_shared<Factory>();
}

}  // namespace holdfast::storage::local
