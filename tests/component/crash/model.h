/// What a bucket may hold, key by key. An operation that was acknowledged must have happened; of
/// one that is under way or in doubt both outcomes stay allowed, as a whole, until somebody looks:
/// what is seen then stays (P5).
///
/// Of an engine that does not promise the last writes (durability relaxed) every state since
/// somebody looked stays allowed, and bodies written since then may be damaged; not what was seen.
///
/// Contents are described, not kept: a piece is named by the seed and size it is made from.
/// threads: none.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::test::crash {

/// Bytes that a seed and a size name: "seed:size", joined with "+" where parts make an object.
struct Piece {
    std::uint64_t seed = 0;
    std::size_t size = 0;
};
std::string describe(const Piece& piece);
/// The bytes that a description names. REQUIRES: describe() made its parts.
std::string bytes_of(const std::string& description);

struct UploadState {
    std::string tag;                             ///< of its metadata, which the object takes over
    std::map<std::uint32_t, std::string> parts;  ///< descriptions
    bool operator==(const UploadState&) const = default;
};

struct ObjectState {
    std::string tag;
    std::string content;
    bool operator==(const ObjectState&) const = default;
};

struct KeyState {
    std::optional<ObjectState> object;
    std::map<std::string, UploadState> uploads;
    std::map<std::string, std::string> ended;  ///< upload id -> what it became; empty: aborted
    bool operator==(const KeyState&) const = default;
};
std::string describe(const KeyState& state);

struct Operation {
    enum class Kind { put, remove, create_upload, put_part, complete, abort };
    Kind kind = Kind::put;
    std::string key;
    std::string upload_id;
    std::string tag;
    std::uint32_t number = 0;
    Piece piece;
};
std::string describe(const Operation& operation);
/// REQUIRES: the operation suits the state.
KeyState apply(KeyState state, const Operation& operation);

class Model {
public:
    enum class Loss { nothing, last_writes };  ///< what a power failure may take
    explicit Model(Loss loss = Loss::nothing) : loss_(loss) {}

    static constexpr std::array<const char*, 6> keys{"a", "a/b", "a/c", "b", "long/er/name", "z"};

    using Draw = std::function<std::uint64_t(std::uint64_t bound)>;
    /// One that suits the key's state. REQUIRES: nothing of the key is in doubt.
    Operation choose(const std::string& key, const Draw& draw);

    void begin(const Operation& operation);
    enum class End { done, not_done, in_doubt };
    void end(const Operation& operation, End how);

    /// What is wrong with it; empty: allowed.
    [[nodiscard]] std::string check(const std::string& key, const KeyState& seen) const;
    /// Whether it has all that was acknowledged.
    [[nodiscard]] bool is_latest(const std::string& key, const KeyState& seen) const;
    /// It was seen so, and must stay so.
    void fix(const std::string& key, const KeyState& seen);

    /// What is wrong with bodies that are damaged, by their descriptions; empty: that is allowed.
    [[nodiscard]] std::string check_damaged(const std::set<std::string>& bodies) const;
    /// All others that were seen must stay whole.
    void fix_damaged(const std::set<std::string>& bodies);
    /// The engine stopped in order: from here on nothing may be taken.
    void settle();
    /// Every upload that was ever begun for the key.
    [[nodiscard]] std::vector<std::string> uploads_of(const std::string& key) const;

private:
    struct Key {
        std::vector<KeyState> allowed{KeyState()};
        std::vector<KeyState> earlier;  ///< since it was fixed, with Loss::last_writes
        std::vector<std::string> uploads;
    };
    [[nodiscard]] bool is_damaged(const std::string& content) const;
    [[nodiscard]] bool must_be_whole(const std::string& content) const;
    void keep_whole_bodies();

    Loss loss_;
    std::set<std::string> damaged_;  ///< when they were looked at last
    std::set<std::string> whole_;    ///< and must stay so
    std::map<std::string, Key> keys_;
    std::uint64_t made_ = 0;
};

}  // namespace holdfast::test::crash
