// The root account's files and the admin token: what is read is what would be written, what is
// refused stays as it is, and what a start makes is read back by the next one.
#include <cstdlib>

#include "base/sim_vfs.h"
#include "server/admin_token.h"
#include "server/credentials_file.h"
#include "server/root_identity.h"
#include "server/values_file.h"

using namespace holdfast;
using namespace holdfast::server;

namespace {

const std::string directory = "/data";
const ValuesLayout account_layout{
    "root-account", "# Holdfast root account, version 1", {"ACCOUNT_ID", "CANONICAL_ID"}};
const ValuesLayout key_layout{"root-credentials",
                              "# Holdfast root credentials, version 1",
                              {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}};

void require(bool condition) {
    if (!condition) std::abort();
}

/// A data directory with one file in it.
struct Disk {
    base::SimVfs vfs;
    base::SeededRandom random{1};
    config::Settings settings;

    Disk() {
        require(vfs.make_directories(directory).has_value());
        settings.storage_engine = "local";
        settings.storage_directory = directory;
    }
    void put(std::string_view file, std::string_view text) {
        require(base::write_file_durably(vfs, path_in(directory, file), base::as_bytes(text), 0600)
                    .has_value());
    }
    std::string text_of(std::string_view file) {
        const auto content = base::read_file(vfs, path_in(directory, file), 1 << 20);
        require(content.has_value());
        return std::string(base::as_text(*content));
    }
};

/// Whatever it holds, and whether it is accepted or not, the file stays.
void check_values(Disk& disk, const ValuesLayout& layout, const std::string& text) {
    const auto values = read_values(disk.vfs, directory, layout);
    require(disk.text_of(layout.file) == text);
    if (!values) {
        require(values.error().code == ExitCode::data_unusable);
        return;
    }
    require(values->has_value() && (*values)->size() == layout.names.size());
    require(write_values(disk.vfs, directory, layout, **values).has_value());
    require(disk.text_of(layout.file) == text);
}

void check_account(const std::string& text) {
    Disk disk;
    disk.put(account_layout.file, text);
    check_values(disk, account_layout, text);
    const auto account = open_root_account(disk.vfs, directory, disk.random);
    require(disk.text_of(account_layout.file) == text);
    if (account) require(account->account_id.size() == 12 && account->canonical_id.size() == 64);
    const auto identity = open_root_identity(disk.settings, disk.vfs, disk.random);
    require(identity.has_value() == account.has_value());
    if (!identity) return;
    // The key was made by this start, and is the next one's too.
    const auto again = open_root_identity(disk.settings, disk.vfs, disk.random);
    require(again && identity->made && !again->made);
    require(again->credential.access_key_id == identity->credential.access_key_id);
    require(again->credential.secret_key.reveal() == identity->credential.secret_key.reveal());
    require(again->credential.account.canonical_id == account->canonical_id);
}

void check_key(const std::string& text) {
    Disk disk;
    disk.put(key_layout.file, text);
    check_values(disk, key_layout, text);
    const auto opened = open_root_credentials(disk.vfs, directory, disk.random);
    require(disk.text_of(key_layout.file) == text);
    if (opened) require(!opened->made && !opened->key.id.empty() && !opened->key.secret.empty());
}

void check_token(const std::string& text) {
    Disk disk;
    disk.put("admin-token", text);
    const auto token = open_admin_token(disk.settings, disk.vfs, disk.random);
    const auto found = find_admin_token(disk.settings, disk.vfs);
    require(disk.text_of("admin-token") == text && token.has_value() == found.has_value());
    if (!token) return;
    require(token->reveal() == found->reveal() && token->reveal().size() == 64);
    require(text == token->reveal() || text == std::string(token->reveal()) + '\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(base::as_text(base::ByteView(data, size)));
    for (const auto& whole : {text, std::string(account_layout.head) + '\n' + text})
        check_account(whole);
    for (const auto& whole : {text, std::string(key_layout.head) + '\n' + text}) check_key(whole);
    check_token(text);
    return 0;
}
