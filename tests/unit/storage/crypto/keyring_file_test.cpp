#include "storage/crypto/keyring_file.h"

#include <cerrno>
#include <functional>

#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast;
using namespace holdfast::storage::crypto;
using base::IoResult;
using tests::TemporaryDirectory;

namespace {

/// The kernel's file system with a word before each call: a name of the call, and the errno to fail
/// with (0: go on). Remembers the calls that were made.
class ScriptedVfs final : public base::Vfs {
public:
    using Script = std::function<int(const std::string& call)>;

    explicit ScriptedVfs(Script script) : script_(std::move(script)) {}
    [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }

    IoResult<std::unique_ptr<base::VfsFile>> open(const std::string& path, base::OpenMode mode,
                                                  unsigned mode_bits) override;
    IoResult<bool> exists(const std::string& path) override {
        return call<bool>("exists", [&] { return kernel_->exists(path); });
    }
    IoResult<base::FileStatus> status(const std::string& path) override {
        return kernel_->status(path);
    }
    IoResult<std::vector<std::string>> list(const std::string& directory) override {
        return kernel_->list(directory);
    }
    IoResult<void> make_directories(const std::string& path) override {
        return call<void>("make_directories", [&] { return kernel_->make_directories(path); });
    }
    IoResult<void> remove_directory(const std::string& path) override {
        return kernel_->remove_directory(path);
    }
    IoResult<void> rename(const std::string& from, const std::string& to) override {
        return call<void>("rename", [&] { return kernel_->rename(from, to); });
    }
    IoResult<void> link(const std::string& from, const std::string& to) override {
        return call<void>("link", [&] { return kernel_->link(from, to); });
    }
    IoResult<void> unlink(const std::string& path) override {
        return call<void>("unlink", [&] { return kernel_->unlink(path); });
    }
    IoResult<void> sync_directory(const std::string& path) override {
        return call<void>("sync_directory", [&] { return kernel_->sync_directory(path); });
    }
    IoResult<base::FsSpace> space(const std::string& path) override { return kernel_->space(path); }
    IoResult<std::unique_ptr<base::VfsLock>> lock(const std::string& path) override {
        return kernel_->lock(path);
    }

    template <class T, class Work>
    IoResult<T> call(const std::string& name, Work work) {
        calls_.push_back(name);
        if (const int code = script_(name); code != 0) return base::IoError{code, name, ""};
        return work();
    }

private:
    std::unique_ptr<base::Vfs> kernel_ = base::make_posix_vfs();
    Script script_;
    std::vector<std::string> calls_;
};

class ScriptedFile final : public base::VfsFile {
public:
    ScriptedFile(ScriptedVfs& vfs, std::unique_ptr<base::VfsFile> kernel)
        : vfs_(vfs), kernel_(std::move(kernel)) {}
    IoResult<std::size_t> pread(std::uint64_t offset, base::ByteSpan to) override {
        return vfs_.call<std::size_t>("pread", [&] { return kernel_->pread(offset, to); });
    }
    IoResult<std::size_t> pread_nowait(std::uint64_t offset, base::ByteSpan to) override {
        return kernel_->pread_nowait(offset, to);
    }
    IoResult<void> pwrite(std::uint64_t offset, base::ByteView from) override {
        return vfs_.call<void>("pwrite", [&] { return kernel_->pwrite(offset, from); });
    }
    IoResult<void> allocate(std::uint64_t offset, std::uint64_t length) override {
        return kernel_->allocate(offset, length);
    }
    IoResult<void> reserve(std::uint64_t offset, std::uint64_t length) override {
        return kernel_->reserve(offset, length);
    }
    IoResult<void> punch_hole(std::uint64_t offset, std::uint64_t length) override {
        return kernel_->punch_hole(offset, length);
    }
    IoResult<void> sync_data() override {
        return vfs_.call<void>("sync_data", [&] { return kernel_->sync_data(); });
    }
    IoResult<void> start_writeback(std::uint64_t offset, std::uint64_t length) override {
        return kernel_->start_writeback(offset, length);
    }
    IoResult<void> truncate(std::uint64_t size) override { return kernel_->truncate(size); }
    IoResult<std::uint64_t> size() override {
        return vfs_.call<std::uint64_t>("size", [&] { return kernel_->size(); });
    }
    IoResult<std::uint64_t> allocated_bytes() override { return kernel_->allocated_bytes(); }
    IoResult<std::uint64_t> links() override { return kernel_->links(); }

private:
    ScriptedVfs& vfs_;
    std::unique_ptr<base::VfsFile> kernel_;
};

IoResult<std::unique_ptr<base::VfsFile>> ScriptedVfs::open(const std::string& path,
                                                           base::OpenMode mode,
                                                           unsigned mode_bits) {
    auto file = call<std::unique_ptr<base::VfsFile>>(
        "open", [&] { return kernel_->open(path, mode, mode_bits); });
    if (!file) return std::move(file).error();
    return std::unique_ptr<base::VfsFile>(std::make_unique<ScriptedFile>(*this, *std::move(file)));
}

int never(const std::string& /*call*/) {
    return 0;
}

}  // namespace

TEST_CASE("keyring file: content is durable before its name is, and both before it is used",
          "[crypto][durability]") {
    TemporaryDirectory directory;
    base::SystemRandom random;
    ScriptedVfs vfs(never);
    REQUIRE(create_keyring_file(vfs, directory.file("keyring"), random));
    CHECK(vfs.calls() == std::vector<std::string>{"open", "pwrite", "sync_data", "link", "unlink",
                                                  "sync_directory", "open", "size", "pread"});
    // A file that was there may have been made by a process that died before it synced the name.
    ScriptedVfs later(never);
    REQUIRE(load_keyring_file(later, directory.file("keyring"), KeyringUse::first));
    CHECK(later.calls().front() == "sync_directory");
}

TEST_CASE("keyring file: 2.5 on a read-only file system one that was used before is used again",
          "[crypto][durability]") {
    TemporaryDirectory directory;
    base::SystemRandom random;
    ScriptedVfs kernel(never);
    const auto made = Keyring::open(kernel, directory.file("keyring"), random, true);
    REQUIRE(made);
    for (const int code : {EROFS, EIO}) {
        ScriptedVfs failing(
            [&](const std::string& call) { return call == "sync_directory" ? code : 0; });
        const auto first = Keyring::open(failing, directory.file("keyring"), random, true);
        CHECK_FALSE(first);
        const auto again = Keyring::open(failing, directory.file("keyring"), random, false);
        CHECK(again.has_value() == (code == EROFS));
        if (again) CHECK((*again)->active_key_id() == (*made)->active_key_id());
    }
}

TEST_CASE("keyring file: whichever call fails is reported, and the next start is a good one",
          "[crypto][durability]") {
    base::SystemRandom random;
    for (std::size_t failing = 0;; ++failing) {
        TemporaryDirectory directory;
        std::size_t calls = 0;
        ScriptedVfs vfs([&](const std::string&) { return calls++ == failing ? EIO : 0; });
        const auto keyring = Keyring::open(vfs, directory.file("keyring"), random, true);
        if (calls <= failing) {
            CHECK(keyring);
            CHECK(failing == 10);  // exists, and the nine calls of the test above
            break;
        }
        INFO("failing call: " << vfs.calls()[failing]);
        REQUIRE_FALSE(keyring);
        CHECK(keyring.error().kind == KeyError::Kind::io);
        CHECK(keyring.error().detail.find("Input/output error") != std::string::npos);
        if (vfs.calls()[failing] != "unlink") CHECK(directory.entries() <= 1);

        ScriptedVfs healthy(never);
        const auto next = Keyring::open(healthy, directory.file("keyring"), random, true);
        REQUIRE(next);
        CHECK((*next)->has_key((*next)->active_key_id()));
    }
}

TEST_CASE("keyring file: of two first starts at once both use the file of the first",
          "[crypto][durability]") {
    TemporaryDirectory directory;
    base::SystemRandom random;
    std::string first_id;
    // The other start runs to its end just before this one gives its file the name.
    ScriptedVfs vfs([&](const std::string& call) {
        if (call != "link") return 0;
        ScriptedVfs other(never);
        const auto first = create_keyring_file(other, directory.file("keyring"), random);
        REQUIRE(first);
        first_id = first->active_id;
        return 0;
    });
    const auto second = create_keyring_file(vfs, directory.file("keyring"), random);
    REQUIRE(second);
    CHECK(second->active_id == first_id);
    CHECK(second->by_id.size() == 1);
    CHECK(directory.entries() == 1);
}

TEST_CASE("keyring file: a name that vanishes or changes before the read-back is noticed",
          "[crypto][durability]") {
    TemporaryDirectory directory;
    base::SystemRandom random;
    const auto kernel = base::make_posix_vfs();
    ScriptedVfs vanishing([&](const std::string& call) {
        if (call == "sync_directory") static_cast<void>(kernel->unlink(directory.file("keyring")));
        return 0;
    });
    const auto gone = create_keyring_file(vanishing, directory.file("keyring"), random);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == KeyError::Kind::io);

    MasterKeys foreign;
    base::Secret key(std::string(32, 'f'));
    foreign.active_id = master_key_id(key);
    foreign.by_id.emplace(foreign.active_id, key);
    ScriptedVfs changing([&](const std::string& call) {
        if (call == "sync_directory") {
            const auto text = format_keyring(foreign);
            REQUIRE(base::write_file_durably(*kernel, directory.file("keyring"),
                                             base::as_bytes(text.reveal()), 0600));
        }
        return 0;
    });
    const auto changed = create_keyring_file(changing, directory.file("keyring"), random);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().kind == KeyError::Kind::damaged);
}
