// How a row of the table takes a value and shows it.

#include <algorithm>

#include "base/assert.h"
#include "config/settings_table.h"
#include "config/values.h"

namespace holdfast::config {

namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

bool text_allowed(const Constraint& constraint, std::string_view text) {
    if (const auto* rule = std::get_if<Rule>(&constraint)) return rule->holds(text);
    if (const auto* words = std::get_if<Words>(&constraint))
        return std::find(words->words.begin(), words->words.end(), text) != words->words.end();
    return false;
}

bool number_allowed(const Constraint& constraint, std::uint64_t number) {
    const auto* range = std::get_if<Range>(&constraint);
    return range != nullptr && number >= range->min && number <= range->max;
}

/// Puts a text into the member a row names.
class Assigner {
public:
    Assigner(const Row& row, std::string_view text, Settings& settings)
        : row_(row), text_(text), settings_(settings) {}

    bool operator()(std::string Settings::*member) const {
        if (!text_allowed(row_.constraint, text_)) return false;
        settings_.*member = text_;
        return true;
    }
    bool operator()(base::Secret Settings::*member) const {
        if (!text_allowed(row_.constraint, text_)) return false;
        settings_.*member = base::Secret(std::string(text_));
        return true;
    }
    bool operator()(bool Settings::*member) const {
        if (text_ != "true" && text_ != "false") return false;
        settings_.*member = text_ == "true";
        return true;
    }
    bool operator()(std::uint16_t Settings::*member) const {
        return number(member, parse_integer(text_));
    }
    bool operator()(std::uint32_t Settings::*member) const {
        return number(member, parse_integer(text_));
    }
    bool operator()(std::uint64_t Settings::*member) const {
        return number(member, parse_bytes(text_));
    }
    bool operator()(std::chrono::milliseconds Settings::*member) const {
        const auto duration = parse_duration(text_);
        if (!duration) return false;
        if (!number_allowed(row_.constraint, static_cast<std::uint64_t>(duration->count())))
            return false;
        settings_.*member = *duration;
        return true;
    }
    bool operator()(std::vector<std::string> Settings::*member) const {
        return items(member, split_list(text_));
    }
    bool items(std::vector<std::string> Settings::*member, std::vector<std::string> values) const {
        for (const std::string& value : values)
            if (!text_allowed(row_.constraint, value)) return false;
        settings_.*member = std::move(values);
        return true;
    }

private:
    template <class T>
    bool number(T Settings::*member, std::optional<std::uint64_t> value) const {
        if (!value || !number_allowed(row_.constraint, *value)) return false;
        settings_.*member = static_cast<T>(*value);  // the table's ranges fit their members
        return true;
    }

    const Row& row_;
    std::string_view text_;
    Settings& settings_;
};

std::string quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;  // no setting allows control characters
    }
    return quoted + '"';
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

std::string range_text(const Row& row, const Range& range) {
    if (std::holds_alternative<std::chrono::milliseconds Settings::*>(row.member))
        return "a duration like 500ms, 30s or 24h, from " +
               format_duration(std::chrono::milliseconds(range.min)) + " to " +
               format_duration(std::chrono::milliseconds(range.max));
    if (std::holds_alternative<std::uint64_t Settings::*>(row.member))
        return "bytes like 65536, 16KiB or 1GiB, from " + format_bytes(range.min) + " to " +
               format_bytes(range.max);
    return std::to_string(range.min) + " to " + std::to_string(range.max);
}

}  // namespace

std::string allowed_text(const Row& row) {
    return std::visit(Overloaded{[&](const Range& range) { return range_text(row, range); },
                                 [](const Words& words) { return joined(words.words); },
                                 [](const Rule& rule) { return std::string(rule.allowed); },
                                 [](const Truth&) { return std::string("true or false"); }},
                      row.constraint);
}

bool assign(const Row& row, const RawValue& value, Settings& settings) {
    if (const auto* text = std::get_if<std::string>(&value))
        return std::visit(Assigner(row, *text, settings), row.member);
    const auto* member = std::get_if<std::vector<std::string> Settings::*>(&row.member);
    if (member == nullptr) return false;
    return Assigner(row, {}, settings).items(*member, std::get<std::vector<std::string>>(value));
}

std::string toml_value(const Row& row, const Settings& settings) {
    HF_ASSERT(!is_secret(row));
    return std::visit(
        Overloaded{
            [&](std::string Settings::*member) { return quoted(settings.*member); },
            [](base::Secret Settings::*) { return std::string(); },
            [&](bool Settings::*member) {
                return std::string(settings.*member ? "true" : "false");
            },
            [&](std::uint16_t Settings::*member) { return std::to_string(settings.*member); },
            [&](std::uint32_t Settings::*member) { return std::to_string(settings.*member); },
            [&](std::uint64_t Settings::*member) { return quoted(format_bytes(settings.*member)); },
            [&](std::chrono::milliseconds Settings::*member) {
                return quoted(format_duration(settings.*member));
            },
            [&](std::vector<std::string> Settings::*member) {
                std::string list;
                for (const std::string& item : settings.*member)
                    list += (list.empty() ? "" : ", ") + quoted(item);
                return '[' + list + ']';
            }},
        row.member);
}

}  // namespace holdfast::config
