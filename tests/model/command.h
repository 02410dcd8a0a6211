/// One step of a random history. A command is a kind and a row of numbers, each of which makes one
/// choice when the command is carried out (which key, which of the open uploads, which header), so
/// that any subsequence of a history is a history too, and smaller numbers are simpler choices:
/// both let RapidCheck shrink. threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/reference.h"

namespace holdfast::model_test {

enum class Kind : std::uint8_t {
    put,
    get,
    head,
    copy,
    remove,
    remove_many,
    list_objects,
    list_objects_v2,
    attributes,
    create_upload,
    put_part,
    copy_part,
    list_parts,
    list_uploads,
    complete,
    abort,
    create_bucket,
    delete_bucket,
    of_bucket,
    list_buckets,
    wait,
    restart,  ///< after a clean stop
    kill,     ///< without one
    collect,  ///< the reclaimer's turn
    flush_index,
    compact_index,
    move_blobs,  ///< where no holes can be punched
    scrub,
    sweep,  ///< for what no row refers to
    crash,  ///< power goes during the next request, or right after its answer
    fault,  ///< a call of the file system fails during the next requests
};
inline constexpr std::size_t kinds = static_cast<std::size_t>(Kind::fault) + 1;

struct Command {
    Kind kind = Kind::put;
    std::array<std::uint16_t, 16> choices{};
};
using Commands = std::vector<Command>;

/// "put 3 0 17", without the zeros at the end; read back by parse().
std::string text_of(const Command& command);
std::string text_of(const Commands& commands);  ///< joined by ";"
/// REQUIRES: it is what text_of() wrote.
Commands parse(const std::string& text);

/// Reads a command's choices one after the other; zeros when there are no more.
class Choices {
public:
    explicit Choices(const Command& command) : command_(command) {}
    std::size_t below(std::size_t count);
    /// False for the smallest numbers.
    bool chance(std::size_t percent) { return below(100) >= 100 - percent; }
    template <class List>
    const auto& of(const List& list) {
        return list[below(std::size(list))];
    }

private:
    const Command& command_;
    std::size_t at_ = 0;
};

/// Lists that were cut off, to be gone on with.
struct OpenLists {
    std::optional<Call> objects;  ///< the call for the next page
    std::optional<Call> objects_v2;
    std::optional<Call> uploads;
};

/// The request a command makes in this state. REQUIRES: the kind makes one.
Call call_of(const Command& command, const Reference& state, const OpenLists& lists,
             std::int64_t now_ms);
bool makes_request(Kind kind);

extern const std::vector<std::string> bucket_names;
extern const std::vector<std::string> key_names;

}  // namespace holdfast::model_test
