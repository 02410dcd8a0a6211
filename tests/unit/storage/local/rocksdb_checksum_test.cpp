#include "storage/local/rocksdb_checksum.h"

#include <string>

#include "tests/catch.h"

using namespace holdfast;

namespace {

std::string checksum_of(rocksdb::FileChecksumGenFactory& factory, const std::string& text,
                        std::size_t piece_bytes) {
    const auto generator = factory.CreateFileChecksumGenerator({});
    for (std::size_t at = 0; at < text.size(); at += piece_bytes)
        generator->Update(text.data() + at, std::min(piece_bytes, text.size() - at));
    generator->Finalize();
    return generator->GetChecksum();
}

}  // namespace

TEST_CASE("a file's checksum is the one that RocksDB's own generator computes") {
    const auto ours = storage::local::make_file_checksum_factory();
    const auto theirs = rocksdb::GetFileChecksumGenCrc32cFactory();
    CHECK(std::string(ours->Name()) == theirs->Name());
    CHECK(std::string(ours->CreateFileChecksumGenerator({})->Name()) ==
          theirs->CreateFileChecksumGenerator({})->Name());
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i * i);
    for (const std::size_t piece_bytes : {1UL, 7UL, 4096UL, text.size()})
        CHECK(checksum_of(*ours, text, piece_bytes) == checksum_of(*theirs, text, piece_bytes));
    CHECK(checksum_of(*ours, "", 1) == checksum_of(*theirs, "", 1));
}
