#include "util/Number.hxx"

#include <array>
#include <charconv>

namespace util {

namespace {

constexpr Duration LONGEST = std::chrono::hours(24 * 100);

struct Unit {
    std::string_view suffix;
    std::int64_t milliseconds;
};

// "ms" before "m" and "s": the first suffix that fits is taken.
constexpr std::array<Unit, 4> UNITS = {{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

std::optional<std::uint64_t> ParseBase(std::string_view text, int base,
                                       std::uint64_t max) noexcept {
    std::uint64_t value = 0;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || error != std::errc() || stop != end || value > max)
        return std::nullopt;
    return value;
}

} // namespace

std::optional<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max) noexcept {
    return ParseBase(text, 10, max);
}

std::optional<unsigned> ParseMode(std::string_view text) noexcept {
    const auto mode = ParseBase(text, 8, 0777);
    return mode ? std::optional(static_cast<unsigned>(*mode)) : std::nullopt;
}

std::optional<Duration> ParseDuration(std::string_view text) noexcept {
    std::int64_t unit = 1000;
    for (const Unit &row : UNITS)
        if (text.ends_with(row.suffix)) {
            text.remove_suffix(row.suffix.size());
            unit = row.milliseconds;
            break;
        }
    const auto count = ParseUnsigned(text, static_cast<std::uint64_t>(LONGEST.count() / unit));
    return count ? std::optional(Duration(static_cast<std::int64_t>(*count) * unit)) : std::nullopt;
}

} // namespace util
