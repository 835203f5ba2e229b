#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace util {

/** "a,b,,c" → {"a","b","","c"}; an empty text has no parts. The views borrow from the text. */
std::vector<std::string_view> Split(std::string_view text, char separator);

/** The parts before and after the first separator; the second is empty where there is none. */
std::pair<std::string_view, std::string_view> Cut(std::string_view text, char separator) noexcept;

/** Without blanks and newlines at both ends. */
std::string_view Trim(std::string_view text) noexcept;

/** The text in single quotes for a message of one line: control characters become '?'. */
std::string Quote(std::string_view text);

/** The text as one line that a terminal shows and does not obey: control characters, also those of
 *  C1 (U+0080 to U+009F), and bytes that are not UTF-8 become `\xNN`. */
std::string Printable(std::string_view text);

} // namespace util
