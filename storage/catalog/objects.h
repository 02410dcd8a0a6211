/// Objects of a bucket: find, read, write, delete. threads: any.
/// source: docs/architecture.md, "Storage"; spec durability 2.3 (commit rules).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/body_reader.h"
#include "storage/catalog/body_writer.h"
#include "storage/catalog/bucket_rows.h"
#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

/// The current version of a key, from one snapshot.
struct FoundObject {
    records::Object record;
    RowVersion version = 0;
    std::string sealed;  ///< the body row when it was asked for and there is one
};

enum class Fetch { record, record_and_body };

/// Decides on the current object (null: none) whether a write may go on; called again whenever the
/// state changed before the commit, so that no condition is ever decided on an old state (CPL-36).
/// False: nothing is changed and the caller knows why.
using WriteCheck = std::function<bool(const FoundObject* current)>;

/// A part of a multipart object, with its place in the whole.
struct PartPlace {
    records::ManifestPart part;
    std::uint64_t offset = 0;
};

class Objects {
public:
    explicit Objects(Store& store) : store_(store) {}

    /// Nothing when the key has no object (or the bucket is gone).
    Outcome<std::optional<FoundObject>> find(const std::string& bucket_id, const std::string& key,
                                             Fetch fetch);

    /// Plaintext [first, first + length) of what find() returned. no_such_key: the object was
    /// replaced meanwhile; find it again. REQUIRES: the range lies within the object and is not
    /// empty.
    Outcome<BodyReader> open(const std::string& bucket_id, const std::string& key,
                             const FoundObject& found, std::uint64_t first, std::uint64_t length);

    /// One part of a multipart object by its number (GP-07); nothing when it has none such.
    /// no_such_key as open(). REQUIRES: the object is multipart.
    Outcome<std::optional<PartPlace>> find_part(const std::string& bucket_id,
                                                const std::string& key, const FoundObject& found,
                                                std::uint32_t number);

    /// Parts of a multipart object, in the order of their numbers.
    struct PartList {
        std::vector<records::ManifestPart> parts;
        bool more = false;  ///< `limit` ended the list, not the object
    };
    /// Parts with numbers above `after`; reads only the stretches of the manifest they stand in.
    /// no_such_key as open(). REQUIRES: the object is multipart; `limit` is not 0.
    Outcome<PartList> list_parts(const std::string& bucket_id, const std::string& key,
                                 const FoundObject& found, std::uint32_t after,
                                 std::uint32_t limit);

    struct Write {
        std::string bucket_id;
        std::string key;
        records::Object object;  ///< complete but for its body
        BodyWriter::Finished body;
        WriteCheck check;  ///< may be empty
    };
    /// Puts the object in place of whatever the key had; last commit wins. The body is given back
    /// when it fails (but not when in doubt). errors: refused, no_such_bucket, storage.
    Outcome<void> put(Write write);

    struct Removal {
        std::string key;
        WriteCheck check;
    };
    /// Removes all in order, in one transaction unless very many blobs go with them; answers for
    /// each whether its check let it (absent keys count as removed). errors: no_such_bucket,
    /// storage: those before a failing transaction may be gone.
    Outcome<std::vector<bool>> remove(const std::string& bucket_id, std::vector<Removal> removals);

    /// What a write is about to replace, with its whole manifest.
    struct Current {
        std::optional<FoundObject> object;
        std::vector<records::Manifest> manifests;
    };
    /// From the object's row as read. no_such_key: it was replaced meanwhile; read again.
    Outcome<Current> read_current(const std::string& bucket_id, const std::string& key,
                                  const std::optional<Row>& row);

    /// The data key of an object sealed by the keyring. errors: storage (wrong_key, corrupt).
    [[nodiscard]] base::Expected<crypto::DataKey, CatalogError> data_key(
        const std::string& bucket_id, const std::string& key, const records::Encryption& e) const;

private:
    Outcome<std::vector<records::Manifest>> manifests(const std::string& bucket_id,
                                                      const std::string& key,
                                                      const FoundObject& found,
                                                      std::uint32_t first_chunk,
                                                      std::uint32_t chunks);
    Outcome<bool> add_parts(const std::string& bucket_id, const std::string& key,
                            const FoundObject& found, std::uint32_t chunk, std::uint32_t after,
                            std::uint32_t limit, PartList& list);
    Outcome<std::vector<BodyReader::Piece>> pieces(const std::string& bucket_id,
                                                   const std::string& key, const FoundObject& found,
                                                   std::uint64_t first, std::uint64_t length);
    Outcome<Attempt> try_put(Write& write);
    /// Removals [begin, end) are one transaction's; try_remove sets `end`.
    struct RemovalBatch {
        std::vector<Removal> removals;
        std::vector<bool> removed;
        std::size_t begin = 0;
        std::size_t end = 0;
    };
    Outcome<Attempt> try_remove(const std::string& bucket_id, RemovalBatch& batch);
    Outcome<bool> unchanged(const std::string& bucket_id, const std::string& key,
                            RowVersion version);

    Store& store_;
};

/// What taking an object's record away takes with it: its body row or manifest rows, and its blobs.
/// Nothing when there is no object. `overwritten_inline`: the body row is replaced in the same
/// transaction, so it is not deleted.
void add_object_removal(Transaction& transaction, DroppedBlobs& dropped, const std::string& key,
                        const Objects::Current& current, bool overwritten_inline);

}  // namespace holdfast::storage::catalog
