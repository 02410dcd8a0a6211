/// A whole catalog over the memory engine, and short words for what tests do with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/catalog/buckets.h"
#include "storage/catalog/listing.h"
#include "storage/catalog/objects.h"
#include "storage/catalog/uploads.h"
#include "storage/crypto/keyring.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"
#include "tests/unit/storage/catalog/doubles.h"

namespace holdfast::test {

namespace catalog = storage::catalog;
namespace records = storage::catalog::records;
using catalog::CatalogError;

/// Text of a size that differs from one seed and one place to the next.
std::string make_text(std::size_t size, std::uint64_t seed = 1);

class Catalog {
public:
    Catalog();

    /// A bucket named so; its id. REQUIRES: there is none.
    std::string make_bucket(std::string name = "photos");

    struct How {
        std::size_t bytes_a_call = 100'000;
        bool size_known = true;
        catalog::WriteCheck check;
    };
    base::Awaitable<base::Expected<void, CatalogError>> put_async(std::string key, std::string text,
                                                                  How how);
    /// REQUIRES: it succeeds.
    void put(const std::string& key, const std::string& text);
    void put(const std::string& key, const std::string& text, How how);

    std::optional<catalog::FoundObject> find(
        const std::string& key, catalog::Fetch fetch = catalog::Fetch::record_and_body);
    /// Nothing when there is no object.
    std::optional<std::string> get(const std::string& key);
    base::Expected<std::string, CatalogError> get_range(const std::string& key, std::uint64_t first,
                                                        std::uint64_t length);
    base::Awaitable<base::Expected<std::string, CatalogError>> read_async(
        std::string key, catalog::FoundObject found, std::uint64_t first, std::uint64_t length);
    base::Awaitable<base::Expected<void, CatalogError>> remove_async(std::string key);
    /// REQUIRES: it succeeds.
    void remove(const std::string& key);

    catalog::UploadKey start_upload(const std::string& key);
    base::Awaitable<base::Expected<void, CatalogError>> put_part_async(catalog::UploadKey upload,
                                                                       std::uint32_t number,
                                                                       std::string text);
    void put_part(const catalog::UploadKey& upload, std::uint32_t number, const std::string& text);
    /// With the parts of these numbers; refused when one is missing. No numbers: all there are.
    base::Awaitable<base::Expected<void, CatalogError>> complete_async(
        catalog::UploadKey upload, std::vector<std::uint32_t> numbers);
    void complete(const catalog::UploadKey& upload, std::vector<std::uint32_t> numbers = {});

    /// Index rows of the bucket that begin with this character.
    std::size_t rows_of_kind(char kind);
    bool has_body_row(const std::string& row);
    /// Gives back what the garbage rows name, as the reclaimer does, and drops the rows.
    void collect_garbage();

    WatchedRows rows;
    WatchedBlobs blobs;
    base::FakeClock clock{base::WallTime(std::chrono::milliseconds(1'700'000'000'000))};
    base::SeededRandom random{42};
    catalog::GarbageList garbage;
    std::unique_ptr<storage::crypto::Keyring> keyring;
    catalog::Store store;
    catalog::Buckets buckets{store};
    catalog::Objects objects{store};
    catalog::Uploads uploads{store, objects};
    std::string bucket;  ///< the id of the one made last

private:
    base::Awaitable<storage::Result<catalog::BodyWriter::Finished>> write_body(
        storage::crypto::DataKey key, catalog::BodyWriter::Options options, std::string text,
        std::size_t bytes_a_call);
    int uploads_made_ = 0;
};

/// The kind of what went wrong. REQUIRES: something did.
template <class T>
CatalogError::Kind failure_of(const base::Expected<T, CatalogError>& outcome) {
    REQUIRE_FALSE(outcome);
    return outcome.error().kind;
}

}  // namespace holdfast::test
