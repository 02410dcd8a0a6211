#include "base/sim_names.h"

namespace holdfast::base {

namespace {

bool is_root(const std::string& path) {
    return path == "/" || path == ".";
}

/// A path below `from` as one below `to`; any other as it is.
std::string moved_below(const std::string& path, const std::string& from, const std::string& to) {
    return path.starts_with(from + "/") ? to + path.substr(from.size()) : path;
}

bool reachable(const SimNames& names, const std::string& path) {
    for (auto parent = parent_of(path); !is_root(parent); parent = parent_of(parent))
        if (!names.directories.contains(parent)) return false;
    return true;
}

}  // namespace

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string without_end_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

bool SimNames::has_directory(const std::string& path) const {
    return is_root(path) || directories.contains(path);
}

bool SimNames::has_in(const std::string& path) const {
    const auto below = path + "/";
    const auto file = files.lower_bound(below);
    const auto directory = directories.lower_bound(below);
    return (file != files.end() && file->first.starts_with(below)) ||
           (directory != directories.end() && directory->starts_with(below));
}

void SimNames::move(const std::string& from, const std::string& to) {
    const auto there = std::exchange(*this, {});
    for (const auto& [path, file] : there.files) files[moved_below(path, from, to)] = file;
    for (const auto& path : there.directories)
        directories.insert(path == from ? to : moved_below(path, from, to));
}

void SimNames::drop_unreachable() {
    const SimNames all = *this;
    std::erase_if(files, [&](const auto& entry) { return !reachable(all, entry.first); });
    std::erase_if(directories, [&](const auto& path) { return !reachable(all, path); });
}

void SimNameChange::apply_to(SimNames& names) const {
    for (const auto& [path, file] : files) {
        if (file)
            names.files[path] = file;
        else
            names.files.erase(path);
    }
    if (!new_directory.empty()) names.directories.insert(new_directory);
    if (!gone_directory.empty()) names.directories.erase(gone_directory);
    if (!moved_from.empty()) names.move(moved_from, moved_to);
}

void SimNameChange::follow(const std::string& from, const std::string& to) {
    for (auto* path : {&directory, &other_directory}) {
        if (*path == from) *path = to;
        *path = moved_below(*path, from, to);
    }
    for (auto& entry : files) entry.first = moved_below(entry.first, from, to);
    for (auto* path : {&new_directory, &gone_directory, &moved_from, &moved_to})
        *path = moved_below(*path, from, to);
}

}  // namespace holdfast::base
