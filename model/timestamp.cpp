#include "model/timestamp.h"

#include <array>
#include <chrono>
#include <cstdint>

namespace holdfast::model {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_weekdays{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Civil {
    std::int64_t year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
};

Civil to_civil(WallTime time) {
    const auto day = floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(floor<seconds>(time - day));
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<unsigned>(clock.hours().count()),
            static_cast<unsigned>(clock.minutes().count()),
            static_cast<unsigned>(clock.seconds().count())};
}

// A second of 60 is a leap second: it counts as the first one of the next minute.
std::optional<WallTime> from_civil(const Civil& civil) {
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(civil.year)),
                                           std::chrono::month(civil.month),
                                           std::chrono::day(civil.day)};
    if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 60)
        return std::nullopt;
    return std::chrono::sys_days(date) + hours(civil.hour) + minutes(civil.minute) +
           seconds(civil.second);
}

void append_number(std::string& text, std::uint64_t number, int width) {
    for (std::uint64_t unit = width == 4 ? 1000 : 10; unit > 0; unit /= 10)
        text += static_cast<char>('0' + number / unit % 10);
}

/// Reads a date from left to right; once a piece does not fit it stays failed.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return !failed_ && rest_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

    void literal(std::string_view text) {
        if (rest_.starts_with(text))
            rest_.remove_prefix(text.size());
        else
            failed_ = true;
    }

    bool accept(char c) {
        if (failed_ || !next_is(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    unsigned digits(std::size_t count) {
        unsigned number = 0;
        for (std::size_t i = 0; i < count; ++i) number = number * 10 + digit();
        return number;
    }

    unsigned digit() {
        if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
            failed_ = true;
            return 0;
        }
        const auto value = static_cast<unsigned>(rest_.front() - '0');
        rest_.remove_prefix(1);
        return value;
    }

    /// The place of the name that comes next.
    template <std::size_t count>
    unsigned one_of(const std::array<std::string_view, count>& names) {
        for (unsigned i = 0; i < count; ++i) {
            if (!rest_.starts_with(names[i])) continue;
            rest_.remove_prefix(names[i].size());
            return i;
        }
        failed_ = true;
        return 0;
    }

    void clock(Civil& civil) {
        civil.hour = digits(2);
        literal(":");
        civil.minute = digits(2);
        literal(":");
        civil.second = digits(2);
    }

private:
    std::string_view rest_;
    bool failed_ = false;
};

std::optional<WallTime> finish(const Reader& reader, const Civil& civil) {
    if (!reader.at_end()) return std::nullopt;
    return from_civil(civil);
}

// "Sun, 06 Nov 1994 08:49:37 GMT". The name of the day is not compared with the date: clients that
// get it wrong still mean the date.
std::optional<WallTime> parse_imf_fixdate(std::string_view text) {
    Reader reader(text);
    Civil civil;
    reader.one_of(weekdays);
    reader.literal(", ");
    civil.day = reader.digits(2);
    reader.literal(" ");
    civil.month = reader.one_of(months) + 1;
    reader.literal(" ");
    civil.year = reader.digits(4);
    reader.literal(" ");
    reader.clock(civil);
    reader.literal(" GMT");
    return finish(reader, civil);
}

// "Sunday, 06-Nov-94 08:49:37 GMT". Years 69 to 99 are of the 20th century, as POSIX reads them.
std::optional<WallTime> parse_rfc850(std::string_view text) {
    Reader reader(text);
    Civil civil;
    reader.one_of(long_weekdays);
    reader.literal(", ");
    civil.day = reader.digits(2);
    reader.literal("-");
    civil.month = reader.one_of(months) + 1;
    reader.literal("-");
    const unsigned year = reader.digits(2);
    civil.year = year < 69 ? 2000 + year : 1900 + year;
    reader.literal(" ");
    reader.clock(civil);
    reader.literal(" GMT");
    return finish(reader, civil);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<WallTime> parse_asctime(std::string_view text) {
    Reader reader(text);
    Civil civil;
    reader.one_of(weekdays);
    reader.literal(" ");
    civil.month = reader.one_of(months) + 1;
    reader.literal(" ");
    civil.day = reader.accept(' ') ? reader.digit() : reader.digits(2);
    reader.literal(" ");
    reader.clock(civil);
    reader.literal(" ");
    civil.year = reader.digits(4);
    return finish(reader, civil);
}

// ".5" is 500 ms; what is finer than a millisecond is cut off.
std::chrono::milliseconds read_fraction(Reader& reader) {
    if (!reader.accept('.')) return {};
    std::chrono::milliseconds fraction{reader.digit() * 100};
    unsigned unit = 10;
    while (!reader.failed() && !reader.next_is('Z') && !reader.next_is('z') &&
           !reader.next_is('+') && !reader.next_is('-')) {
        fraction += std::chrono::milliseconds(reader.digit() * unit);
        unit /= 10;
    }
    return fraction;
}

// "Z", "+hh:mm" or "+hhmm"; how far the clock is ahead of UTC.
std::optional<minutes> read_offset(Reader& reader) {
    if (reader.accept('Z') || reader.accept('z')) return minutes(0);
    const bool behind = reader.accept('-');
    if (!behind) reader.literal("+");
    const unsigned hour = reader.digits(2);
    reader.accept(':');
    const unsigned minute = reader.digits(2);
    if (reader.failed() || hour > 23 || minute > 59) return std::nullopt;
    const auto distance = hours(hour) + minutes(minute);
    return behind ? -distance : distance;
}

}  // namespace

std::string to_http_date(WallTime time) {
    const Civil civil = to_civil(time);
    const std::chrono::weekday weekday(floor<days>(time));
    std::string text(weekdays[weekday.c_encoding()]);
    text += ", ";
    append_number(text, civil.day, 2);
    text += ' ';
    text += months[civil.month - 1];
    text += ' ';
    append_number(text, static_cast<std::uint64_t>(civil.year), 4);
    text += ' ';
    append_number(text, civil.hour, 2);
    text += ':';
    append_number(text, civil.minute, 2);
    text += ':';
    append_number(text, civil.second, 2);
    text += " GMT";
    return text;
}

std::string to_xml_date(WallTime time) {
    const Civil civil = to_civil(time);
    std::string text;
    append_number(text, static_cast<std::uint64_t>(civil.year), 4);
    text += '-';
    append_number(text, civil.month, 2);
    text += '-';
    append_number(text, civil.day, 2);
    text += 'T';
    append_number(text, civil.hour, 2);
    text += ':';
    append_number(text, civil.minute, 2);
    text += ':';
    append_number(text, civil.second, 2);
    text += ".000Z";
    return text;
}

std::string to_basic_date(WallTime time) {
    const Civil civil = to_civil(time);
    std::string text;
    append_number(text, static_cast<std::uint64_t>(civil.year), 4);
    append_number(text, civil.month, 2);
    append_number(text, civil.day, 2);
    text += 'T';
    append_number(text, civil.hour, 2);
    append_number(text, civil.minute, 2);
    append_number(text, civil.second, 2);
    text += 'Z';
    return text;
}

std::optional<WallTime> parse_header_date(std::string_view text) {
    for (const auto parse : {parse_imf_fixdate, parse_rfc850, parse_asctime, parse_iso8601})
        if (const auto time = parse(text)) return time;
    return std::nullopt;
}

std::optional<WallTime> parse_basic_date(std::string_view text) {
    Reader reader(text);
    Civil civil;
    civil.year = reader.digits(4);
    civil.month = reader.digits(2);
    civil.day = reader.digits(2);
    reader.literal("T");
    civil.hour = reader.digits(2);
    civil.minute = reader.digits(2);
    civil.second = reader.digits(2);
    reader.literal("Z");
    return finish(reader, civil);
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
    Reader reader(text);
    Civil civil;
    civil.year = reader.digits(4);
    reader.literal("-");
    civil.month = reader.digits(2);
    reader.literal("-");
    civil.day = reader.digits(2);
    if (!reader.accept('t')) reader.literal("T");
    reader.clock(civil);
    const auto fraction = read_fraction(reader);
    const auto offset = read_offset(reader);
    if (!offset) return std::nullopt;
    const auto time = finish(reader, civil);
    if (!time) return std::nullopt;
    return *time + fraction - *offset;
}

}  // namespace holdfast::model
