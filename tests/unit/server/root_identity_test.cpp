#include "server/root_identity.h"

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

server::RootIdentity open(const config::Settings& settings) {
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    auto identity = server::open_root_identity(settings, *vfs, random);
    REQUIRE(identity);
    return *std::move(identity);
}

const std::vector<std::string> key_in_settings = {"root.access_key=AKIAEXAMPLE",
                                                  "root.secret_key=a-long-enough-secret"};

}  // namespace

TEST_CASE("root identity: the first start makes it, the next ones find it", "[server]") {
    const TemporaryDirectory directory;
    const auto first = open(settings_of(directory));
    CHECK(first.made);
    CHECK(first.credentials_path == directory.file("root-credentials"));
    const auto second = open(settings_of(directory));
    CHECK_FALSE(second.made);
    CHECK(second.credential.access_key_id == first.credential.access_key_id);
    CHECK(second.credential.account.canonical_id == first.credential.account.canonical_id);
}

TEST_CASE("root identity: a key of the settings is used and not kept", "[server]") {
    const TemporaryDirectory directory;
    const auto identity = open(settings_of(directory, key_in_settings));
    CHECK(identity.credential.access_key_id == "AKIAEXAMPLE");
    CHECK(identity.credential.secret_key.reveal() == "a-long-enough-secret");
    CHECK_FALSE(identity.made);
    CHECK(identity.credentials_path.empty());
    CHECK_FALSE(std::filesystem::exists(directory.file("root-credentials")));
}

TEST_CASE("root identity: the account stays whichever key is used", "[server]") {
    const TemporaryDirectory directory;
    const auto with_settings = open(settings_of(directory, key_in_settings));
    const auto generated = open(settings_of(directory));
    CHECK(generated.made);
    CHECK(generated.credential.account.account_id == with_settings.credential.account.account_id);
    CHECK(generated.credential.account.canonical_id ==
          with_settings.credential.account.canonical_id);
}

TEST_CASE("root identity: the memory engine leaves no file behind", "[server]") {
    const TemporaryDirectory directory;
    const auto identity = open(settings_of(directory, {"storage.engine=memory"}));
    CHECK(identity.made);
    CHECK(identity.credentials_path.empty());
    CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("RootCredentialSource: knows one key, exactly", "[server]") {
    const TemporaryDirectory directory;
    const auto identity = open(settings_of(directory, key_in_settings));
    const server::RootCredentialSource source(identity.credential);
    REQUIRE(source.find("AKIAEXAMPLE") != nullptr);
    CHECK(source.find("AKIAEXAMPLE")->secret_key.reveal() == "a-long-enough-secret");
    CHECK(source.find("AKIAEXAMPL") == nullptr);
    CHECK(source.find("akiaexample") == nullptr);
    CHECK(source.find("") == nullptr);
}
