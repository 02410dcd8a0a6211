/// A directory of a test's own, gone with it.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/catch.h"

namespace holdfast::tests {

/// A place whose files wait for no disk, where there is one.
inline std::filesystem::path in_memory() {
    const char* const memory = "/dev/shm";
    return ::access(memory, W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

class TemporaryDirectory {
public:
    TemporaryDirectory() : TemporaryDirectory(std::filesystem::temp_directory_path()) {}
    explicit TemporaryDirectory(const std::filesystem::path& parent) {
        std::string pattern = parent / "holdfast-test-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(std::string_view name) const {
        return path_ + '/' + std::string(name);
    }
    /// The whole file; empty when it is not there.
    [[nodiscard]] std::string read(std::string_view name) const {
        std::ifstream stream(file(name));
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    void write(std::string_view name, std::string_view content) const {
        std::ofstream(file(name)) << content;
    }
    /// Permission bits of a file.
    [[nodiscard]] unsigned mode(std::string_view name) const {
        struct stat status {};
        REQUIRE(::stat(file(name).c_str(), &status) == 0);
        return status.st_mode & 07777U;
    }
    /// How many files and directories are in it.
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(path_), {}));
    }

private:
    std::string path_;
};

}  // namespace holdfast::tests
