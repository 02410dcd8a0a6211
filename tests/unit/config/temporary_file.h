/// A settings file of a test's own, gone with it.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/catch.h"

namespace holdfast::tests {

class TemporaryFile {
public:
    explicit TemporaryFile(std::string_view content) {
        path_ = std::filesystem::temp_directory_path() / "holdfast-settings-XXXXXX";
        const int descriptor = ::mkstemp(path_.data());
        REQUIRE(descriptor >= 0);
        ::close(descriptor);
        std::ofstream(path_) << content;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace holdfast::tests
