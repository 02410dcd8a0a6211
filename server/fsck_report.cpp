#include "server/fsck_report.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace holdfast::server {

namespace {

boost::json::array array_of(const std::vector<std::string>& lines) {
    boost::json::array array;
    for (const auto& line : lines) array.emplace_back(line);
    return array;
}

}  // namespace

std::string FsckReport::text() const {
    std::string text;
    for (const auto& [name, value] : counts_) text += fmt::format("{:>16}  {}\n", value, name);
    for (const auto& line : notes_) text += line + "\n";
    for (const auto& line : problems_) text += "problem: " + line + "\n";
    if (problems_.empty()) text += "no problems\n";
    return text;
}

std::string FsckReport::json() const {
    boost::json::object counts;
    for (const auto& [name, value] : counts_) counts[name] = value;
    boost::json::object report;
    report["counts"] = std::move(counts);
    report["notes"] = array_of(notes_);
    report["problems"] = array_of(problems_);
    return boost::json::serialize(report) + "\n";
}

}  // namespace holdfast::server
