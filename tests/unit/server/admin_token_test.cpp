#include "server/admin_token.h"

#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast;
using tests::TemporaryDirectory;

namespace {

config::Settings settings_of(const TemporaryDirectory& directory,
                             std::vector<std::string> assignments = {}) {
    assignments.push_back("storage.directory=" + directory.path());
    const auto settings = config::load({"", {}, assignments});
    REQUIRE(settings);
    return *settings;
}

}  // namespace

TEST_CASE("admin token: made at the first start, for the owner only, and found again", "[server]") {
    const TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    const auto settings = settings_of(directory);
    const auto made = server::open_admin_token(settings, *vfs, random);
    REQUIRE(made);
    CHECK(made->reveal().size() == 64);
    CHECK(directory.mode("admin-token") == 0600);
    CHECK(directory.read("admin-token") == std::string(made->reveal()) + '\n');
    CHECK(server::open_admin_token(settings, *vfs, random)->reveal() == made->reveal());
    CHECK(server::find_admin_token(settings, *vfs)->reveal() == made->reveal());
}

TEST_CASE("admin token: the setting overrules the file, which is then not made", "[server]") {
    const TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    const auto settings = settings_of(directory, {"admin.token=0123456789abcdef"});
    CHECK(server::open_admin_token(settings, *vfs, random)->reveal() == "0123456789abcdef");
    CHECK(server::find_admin_token(settings, *vfs)->reveal() == "0123456789abcdef");
    CHECK(directory.entries() == 0);
}

TEST_CASE("admin token: a damaged file stops the start and is left alone", "[server]") {
    const TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    for (const char* content : {"", "\n", "short\n"}) {
        directory.write("admin-token", content);
        const auto refused = server::open_admin_token(settings_of(directory), *vfs, random);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == server::ExitCode::data_unusable);
        CHECK(directory.read("admin-token") == content);
    }
}

TEST_CASE("admin token: a command that finds none says where it looked", "[server]") {
    const TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    const auto missing = server::find_admin_token(settings_of(directory), *vfs);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == server::ExitCode::usage);
    CHECK_THAT(missing.error().message, Catch::Contains(directory.file("admin-token")));
    CHECK(directory.entries() == 0);
}

TEST_CASE("admin token: the memory engine has none but that of the settings", "[server]") {
    const TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    CHECK(server::open_admin_token(settings_of(directory, {"storage.engine=memory"}), *vfs, random)
              ->empty());
    CHECK(directory.entries() == 0);
}
