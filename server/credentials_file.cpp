#include "server/credentials_file.h"

#include <array>
#include <string_view>

#include "server/values_file.h"

namespace holdfast::server {

namespace {

const ValuesLayout account_layout{
    "root-account", "# Holdfast root account, version 1", {"ACCOUNT_ID", "CANONICAL_ID"}};
const ValuesLayout key_layout{"root-credentials",
                              "# Holdfast root credentials, version 1",
                              {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}};

template <std::size_t size>
std::array<std::uint8_t, size> random_bytes(base::Random& random) {
    std::array<std::uint8_t, size> bytes{};
    random.fill(bytes);
    return bytes;
}

bool consists_of(std::string_view text, std::string_view alphabet) {
    return text.find_first_not_of(alphabet) == std::string_view::npos;
}

bool is_account(const auth::Account& account) {
    return account.account_id.size() == 12 && consists_of(account.account_id, "0123456789") &&
           account.canonical_id.size() == 64 &&
           consists_of(account.canonical_id, "0123456789abcdef");
}

auth::Account account_of(std::string account_id, std::string canonical_id) {
    return {std::move(account_id), std::move(canonical_id), "root"};
}

}  // namespace

auth::Account make_root_account(base::Random& random) {
    // Twelve digits that do not begin with 0; the remainder's bias is below one in 10 million.
    constexpr std::uint64_t first = 100'000'000'000;
    constexpr std::uint64_t count = 900'000'000'000;
    const std::uint64_t number = base::load_be64(random_bytes<8>(random)) % count + first;
    return account_of(std::to_string(number), base::to_hex(random_bytes<32>(random)));
}

AccessKey make_access_key(base::Random& random) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    AccessKey key;
    key.id = "AKIA";
    for (const std::uint8_t byte : random_bytes<16>(random)) key.id += alphabet[byte % 32];
    key.secret = base::Secret(base::to_base64(random_bytes<30>(random)));
    return key;
}

Result<auth::Account> open_root_account(base::Vfs& vfs, const std::string& directory,
                                        base::Random& random) {
    auto values = read_values(vfs, directory, account_layout);
    if (!values) return std::move(values).error();
    if (*values) {
        auto account = account_of((**values)[0], (**values)[1]);
        if (!is_account(account))
            return Failure{ExitCode::data_unusable,
                           path_in(directory, account_layout.file) +
                               ": the account's ids are damaged; restore the file"};
        return account;
    }
    auto account = make_root_account(random);
    auto written =
        write_values(vfs, directory, account_layout, {account.account_id, account.canonical_id});
    if (!written) return std::move(written).error();
    return account;
}

std::string root_credentials_path(const std::string& directory) {
    return path_in(directory, key_layout.file);
}

Result<OpenedKey> open_root_credentials(base::Vfs& vfs, const std::string& directory,
                                        base::Random& random) {
    auto values = read_values(vfs, directory, key_layout);
    if (!values) return std::move(values).error();
    if (*values)
        return OpenedKey{{std::move((**values)[0]), base::Secret(std::move((**values)[1]))}, false};
    AccessKey key = make_access_key(random);
    auto written =
        write_values(vfs, directory, key_layout, {key.id, std::string(key.secret.reveal())});
    if (!written) return std::move(written).error();
    return OpenedKey{std::move(key), true};
}

}  // namespace holdfast::server
