#include "server/keyring_choice.h"

#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast;
using tests::TemporaryDirectory;

namespace {

const std::string master_key = "encryption.master_key=" + std::string(43, 'A') + '=';

server::Result<std::unique_ptr<storage::crypto::Keyring>> open(
    const TemporaryDirectory& directory, std::vector<std::string> assignments = {}) {
    assignments.push_back("storage.directory=" + directory.path());
    const auto settings = config::load({"", {}, assignments});
    REQUIRE(settings);
    const auto vfs = base::make_posix_vfs();
    base::SystemRandom random;
    return server::open_keyring(*settings, *vfs, random);
}

std::string opened_id(const TemporaryDirectory& directory,
                      std::vector<std::string> assignments = {}) {
    const auto keyring = open(directory, std::move(assignments));
    REQUIRE(keyring);
    return (*keyring)->active_key_id();
}

std::string refusal(const TemporaryDirectory& directory,
                    std::vector<std::string> assignments = {}) {
    const auto keyring = open(directory, std::move(assignments));
    REQUIRE_FALSE(keyring);
    CHECK(keyring.error().code == server::ExitCode::data_unusable);
    return keyring.error().message;
}

}  // namespace

TEST_CASE("keyring: made at the first start, for the owner only, then found", "[server]") {
    const TemporaryDirectory directory;
    const std::string id = opened_id(directory);
    CHECK(directory.mode("keyring") == 0600);
    CHECK(directory.read("keyring-id") == "# Holdfast keyring id, version 1\nKEY_ID=" + id + '\n');
    CHECK(opened_id(directory) == id);
}

TEST_CASE("keyring: a lost one is not made afresh over data that needs it", "[server]") {
    const TemporaryDirectory directory;
    const std::string id = opened_id(directory);
    std::filesystem::remove(directory.file("keyring"));
    CHECK_THAT(refusal(directory), Catch::Contains(id));
    CHECK_FALSE(std::filesystem::exists(directory.file("keyring")));
}

TEST_CASE("keyring: a foreign one is refused by the id that is missing", "[server]") {
    const TemporaryDirectory directory;
    const TemporaryDirectory other;
    const std::string id = opened_id(directory);
    opened_id(other);
    std::filesystem::copy_file(other.file("keyring"), directory.file("keyring"),
                               std::filesystem::copy_options::overwrite_existing);
    CHECK(refusal(directory) == directory.file("keyring") + ": lacks master key " + id +
                                    ", which the data was written with");
}

TEST_CASE("keyring: it may live apart from the data", "[server]") {
    const TemporaryDirectory directory;
    const TemporaryDirectory apart;
    const std::string setting = "encryption.keyring_file=" + apart.file("keys");
    const std::string id = opened_id(directory, {setting});
    CHECK(apart.mode("keys") == 0600);
    CHECK_FALSE(std::filesystem::exists(directory.file("keyring")));
    CHECK(opened_id(directory, {setting}) == id);
}

TEST_CASE("keyring: a master key of the settings is remembered as well", "[server]") {
    const TemporaryDirectory directory;
    const std::string id = opened_id(directory, {master_key});
    CHECK_FALSE(std::filesystem::exists(directory.file("keyring")));
    CHECK(opened_id(directory, {master_key}) == id);
    CHECK_THAT(refusal(directory), Catch::Contains(id));
    CHECK_THAT(refusal(directory, {"encryption.master_key=" + std::string(42, 'A') + "E="}),
               Catch::StartsWith("encryption.master_key: lacks master key " + id));
}

TEST_CASE("transient keyring: fresh each time, unless the settings have the key", "[server]") {
    base::SystemRandom random;
    const auto settings = config::load({});
    REQUIRE(settings);
    const auto first = server::make_transient_keyring(*settings, random);
    const auto second = server::make_transient_keyring(*settings, random);
    REQUIRE(first);
    REQUIRE(second);
    CHECK((*first)->active_key_id() != (*second)->active_key_id());
    const auto given = config::load({"", {}, {master_key}});
    REQUIRE(given);
    CHECK((*server::make_transient_keyring(*given, random))->active_key_id() ==
          (*server::make_transient_keyring(*given, random))->active_key_id());
}
