/// The names on a simulated disk, and the changes of them that a crash keeps or loses. Not
/// synchronised: SimVfs holds its lock around every call.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/sim_file.h"

namespace holdfast::base {

using SimFilePtr = std::shared_ptr<SimFile>;

/// "." of a path without a slash.
std::string parent_of(const std::string& path);
std::string without_end_slash(std::string path);

/// Every name there is.
struct SimNames {
    std::map<std::string, SimFilePtr> files;
    std::set<std::string> directories;

    [[nodiscard]] bool has_directory(const std::string& path) const;
    /// Whether anything is in the directory.
    [[nodiscard]] bool has_in(const std::string& path) const;
    void move(const std::string& from, const std::string& to);
    /// Takes away what is below a directory that is not there.
    void drop_unreachable();
};

/// One change of names that a crash keeps or loses as a whole.
struct SimNameChange {
    std::string directory;                                  ///< syncing it makes the change durable
    std::string other_directory;                            ///< as well; of a rename
    std::vector<std::pair<std::string, SimFilePtr>> files;  ///< null: the name goes away
    std::string new_directory;                              ///< empty: none
    std::string gone_directory = {};                        ///< empty: none
    /// A directory under another name, with all that is in it by then; empty: none.
    std::string moved_from = {};
    std::string moved_to = {};

    void apply_to(SimNames& names) const;
    /// What happened below a directory goes on below its other name.
    void follow(const std::string& from, const std::string& to);
};

}  // namespace holdfast::base
