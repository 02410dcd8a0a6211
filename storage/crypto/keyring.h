/// The local keyring: 32-byte master keys that wrap data keys (SSE-S3).
///
/// A wrapped key is AES-256-GCM under a key derived from the master key named in it and a random
/// salt, with the context as associated data. The keyring file is versioned, mode 0600, made at the
/// first start in a directory that exists, durable and read back before it is used, and never
/// overwritten; it may live apart from the data, or come from the environment. Written down in
/// docs/format/keyring.md. threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/vfs.h"
#include "storage/crypto/frames.h"

namespace holdfast::storage::crypto {

struct KeyError {
    enum class Kind {
        no_such_master_key,  ///< wrapped by a master key this keyring does not have
        damaged,             ///< not the bytes that were written
        wrong_key,           ///< whole, but wrapped for another context or by a namesake
        io,                  ///< reading or making the file failed, or there is none
        malformed,           ///< not ours, or of another version
    };
    Kind kind = Kind::malformed;
    std::string detail;
};
template <class T>
using KeyResult = base::Expected<T, KeyError>;

/// Opaque; kept in records.
using WrappedKey = base::Bytes;

class Keyring {
public:
    /// From a file; made with one fresh key when `create_if_missing` and it is not there.
    static KeyResult<std::unique_ptr<Keyring>> open(base::Vfs& vfs, const std::string& path,
                                                    base::Random& random, bool create_if_missing);
    /// From base64 of 32 bytes (environment or setting).
    static KeyResult<std::unique_ptr<Keyring>> from_text(const base::Secret& base64_key,
                                                         base::Random& random);
    virtual ~Keyring() = default;

    [[nodiscard]] virtual DataKey make_data_key() = 0;
    /// `context` names what the key belongs to (bucket id and key); unwrap needs the same.
    [[nodiscard]] virtual WrappedKey wrap(const DataKey& key, std::string_view context) = 0;
    [[nodiscard]] virtual KeyResult<DataKey> unwrap(base::ByteView wrapped,
                                                    std::string_view context) = 0;
    /// 8 hexadecimal digits that name the active master key, safe to show and log; a data directory
    /// remembers it, so that a foreign keyring is told apart from damage.
    [[nodiscard]] virtual std::string active_key_id() const = 0;
    [[nodiscard]] virtual bool has_key(std::string_view key_id) const = 0;
};

}  // namespace holdfast::storage::crypto
