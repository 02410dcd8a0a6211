/// Multipart uploads: make, fill, list, complete, abort. threads: any.
/// source: spec multipart sections 6 to 12 and 15 (RACE-01 to RACE-09).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/body_writer.h"
#include "storage/catalog/objects.h"
#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

struct UploadKey {
    std::string bucket_id;
    std::string key;
    std::string upload_id;
};

struct FoundUpload {
    records::Upload record;
    RowVersion version = 0;
};

struct PartPage {
    std::vector<records::Part> parts;  ///< ascending by number
    bool more = false;
};

/// What Complete decided: which of the parts, in order, and what the object says about itself.
struct CompletionPlan {
    std::vector<std::size_t> chosen;  ///< indexes into the parts given, ascending, at least one
    std::string etag;                 ///< with "-N", without quotes
    std::optional<records::Checksum> checksum;
    bool part_checksums = false;  ///< the manifest keeps each part's value (COMPOSITE)
};

class Uploads {
public:
    Uploads(Store& store, Objects& objects) : store_(store), objects_(objects) {}

    /// Makes a row; `object_existed` is set here. errors: no_such_bucket.
    Outcome<void> create(const UploadKey& upload, records::Upload record);
    /// errors: no_such_upload.
    Outcome<FoundUpload> find(const UploadKey& upload);
    /// How it ended, when that is remembered still.
    Outcome<std::optional<records::Ended>> ended(const UploadKey& upload);

    struct PartWrite {
        UploadKey upload;
        RowVersion upload_version = 0;  ///< of find(): the upload must be there unchanged (RACE-02)
        records::Part part;             ///< complete but for its body
        BodyWriter::Finished body;
    };
    /// Replaces a part of the same number. errors: no_such_upload (UP-10), no_such_bucket.
    /// REQUIRES: the body is in a blob or empty.
    Outcome<void> put_part(PartWrite write);

    /// Parts with numbers above `after`, from one snapshot for pages of up to 1,000. errors:
    /// no_such_upload; also when it ended while this ran.
    Outcome<PartPage> list_parts(const UploadKey& upload, std::uint32_t after, std::uint32_t limit);

    struct Completion {
        UploadKey upload;
        std::string bucket;            ///< its name
        std::string part_list_digest;  ///< for the memory of CPL-50
        /// Decides on one consistent state; called again when that changed before the commit.
        /// Nothing: the request is refused, the upload stays (CPL-37). REQUIRES: it does not
        /// suspend.
        std::function<std::optional<CompletionPlan>(const FoundUpload& upload,
                                                    const std::vector<records::Part>& parts,
                                                    const FoundObject* current)>
            decide;
    };
    /// One transaction: the object, its manifest, the memory; the upload and its rows go (RACE-07).
    /// No byte is copied. errors: refused, no_such_upload, no_such_bucket.
    Outcome<void> complete(Completion completion);

    /// Everything of the upload goes. Done as well when it ended lately (ABT-03); a completed
    /// object stays. errors: no_such_upload.
    Outcome<void> abort(const UploadKey& upload);

    /// Memories older than `before` go. Returns how many.
    Outcome<std::size_t> forget_ended(const std::string& bucket_id, base::WallTime before);

private:
    /// Of the upload's row. errors: no_such_upload.
    Outcome<RowVersion> version_of(const UploadKey& upload);
    Outcome<PartPage> scan_parts(const UploadKey& upload, std::uint32_t after, std::uint32_t limit);
    /// In ascending number. Of one state only if the parts_changed_row is the same afterwards.
    Outcome<std::vector<records::Part>> read_parts(const UploadKey& upload);
    Outcome<Attempt> try_put_part(PartWrite& write);
    Outcome<Attempt> try_abort(const UploadKey& upload);
    Outcome<Attempt> try_complete(Completion& completion);

    Store& store_;
    Objects& objects_;
};

/// Ends an upload within a transaction: its rows and all its parts' rows go.
void remove_upload_rows(Transaction& transaction, const UploadKey& upload);

}  // namespace holdfast::storage::catalog
