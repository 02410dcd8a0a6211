#include "server/credentials_file.h"

#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast;
using tests::TemporaryDirectory;

namespace {

struct Fixture {
    TemporaryDirectory directory;
    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::SystemRandom random;

    server::Result<server::OpenedKey> open_key() {
        return server::open_root_credentials(*vfs, directory.path(), random);
    }
    server::Result<auth::Account> open_account() {
        return server::open_root_account(*vfs, directory.path(), random);
    }
};

bool consists_of(std::string_view text, std::string_view alphabet) {
    return text.find_first_not_of(alphabet) == std::string_view::npos;
}

}  // namespace

TEST_CASE("make_access_key: AKIA and 16 of A-Z2-7, 40 characters of secret (I-03)", "[server]") {
    base::SystemRandom random;
    const auto key = server::make_access_key(random);
    CHECK(key.id.size() == 20);
    CHECK(key.id.substr(0, 4) == "AKIA");
    CHECK(consists_of(key.id.substr(4), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
    CHECK(key.secret.reveal().size() == 40);
    const auto other = server::make_access_key(random);
    CHECK(other.id != key.id);
    CHECK(other.secret.reveal() != key.secret.reveal());
}

TEST_CASE("make_root_account: 12 digits that do not begin with 0, 64 hexadecimal", "[server]") {
    base::SystemRandom random;
    for (int i = 0; i < 100; ++i) {
        const auto account = server::make_root_account(random);
        CHECK(account.account_id.size() == 12);
        CHECK(consists_of(account.account_id, "0123456789"));
        CHECK(account.account_id.front() != '0');
        CHECK(account.canonical_id.size() == 64);
        CHECK(consists_of(account.canonical_id, "0123456789abcdef"));
    }
}

TEST_CASE("open_root_credentials: made once, for the owner only, then read", "[server]") {
    Fixture f;
    const auto first = f.open_key();
    REQUIRE(first);
    CHECK(first->made);
    CHECK(f.directory.mode("root-credentials") == 0600);
    const auto second = f.open_key();
    REQUIRE(second);
    CHECK_FALSE(second->made);
    CHECK(second->key.id == first->key.id);
    CHECK(second->key.secret.reveal() == first->key.secret.reveal());
}

TEST_CASE("open_root_credentials: the file is what docs/format/root-files.md says", "[server]") {
    Fixture f;
    f.directory.write("root-credentials",
                      "# Holdfast root credentials, version 1\n"
                      "AWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP\n"
                      "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n");
    const auto opened = f.open_key();
    REQUIRE(opened);
    CHECK(opened->key.id == "AKIAABCDEFGHIJKLMNOP");
    CHECK(opened->key.secret.reveal() == "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
}

TEST_CASE("open_root_credentials: another content is refused and left alone", "[server]") {
    for (const std::string content :
         {"", "AWS_ACCESS_KEY_ID=a\n", "# Holdfast root credentials, version 2\n",
          "# Holdfast root credentials, version 1\nAWS_ACCESS_KEY_ID=a\n",
          "# Holdfast root credentials, version 1\nAWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=b\n",
          "# Holdfast root credentials, version 1\nAWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b",
          "# Holdfast root credentials, version 1\nAWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n"
          "more\n"}) {
        INFO(content);
        Fixture f;
        f.directory.write("root-credentials", content);
        const auto opened = f.open_key();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == server::ExitCode::data_unusable);
        CHECK_THAT(opened.error().message, Catch::Contains("root-credentials"));
        CHECK(f.directory.read("root-credentials") == content);
    }
}

TEST_CASE("open_root_account: stable, and independent of the key", "[server]") {
    Fixture f;
    const auto first = f.open_account();
    REQUIRE(first);
    REQUIRE(f.open_key());
    std::filesystem::remove(f.directory.file("root-credentials"));
    REQUIRE(f.open_key());
    const auto second = f.open_account();
    REQUIRE(second);
    CHECK(second->account_id == first->account_id);
    CHECK(second->canonical_id == first->canonical_id);
    CHECK(second->display_name == "root");
    CHECK(f.directory.mode("root-account") == 0600);
}

TEST_CASE("open_root_account: damaged ids stop the start", "[server]") {
    Fixture f;
    f.directory.write("root-account",
                      "# Holdfast root account, version 1\nACCOUNT_ID=12345\n"
                      "CANONICAL_ID=" +
                          std::string(64, 'a') + '\n');
    const auto opened = f.open_account();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == server::ExitCode::data_unusable);
}

TEST_CASE("a data directory that is not there is named", "[server]") {
    Fixture f;
    const auto opened =
        server::open_root_credentials(*f.vfs, f.directory.file("missing"), f.random);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == server::ExitCode::data_unusable);
    CHECK_THAT(opened.error().message, Catch::Contains("missing/root-credentials"));
}
