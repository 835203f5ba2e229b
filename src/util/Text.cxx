#include "util/Text.hxx"

namespace util {

namespace {

/** The length of the character at the beginning of a text that is not empty; 0: a control
 *  character, or not UTF-8 (RFC 3629: no longer than necessary, no surrogates, nothing above
 *  U+10FFFF). */
std::size_t PrintableLength(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) noexcept {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80)
        return lead >= ' ' && lead != 0x7F ? 1 : 0;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    for (std::size_t i = 1; i < length; i++)
        if (byte(i) < 0x80 || byte(i) > 0xBF)
            return 0;
    const unsigned second = byte(1);
    const bool is_control = lead == 0xC2 && second < 0xA0;
    const bool is_overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool is_out_of_range = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return is_control || is_overlong || is_out_of_range ? 0 : length;
}

} // namespace

std::vector<std::string_view> Split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    if (text.empty())
        return parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

std::pair<std::string_view, std::string_view> Cut(std::string_view text, char separator) noexcept {
    const auto at = text.find(separator);
    if (at == std::string_view::npos)
        return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

std::string_view Trim(std::string_view text) noexcept {
    const std::string_view blanks = " \t\r\n";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string Quote(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text)
        quoted += static_cast<unsigned char>(c) < ' ' || c == 127 ? '?' : c;
    return quoted + "'";
}

std::string Printable(std::string_view text) {
    constexpr std::string_view DIGITS = "0123456789abcdef";
    std::string printable;
    while (!text.empty()) {
        const std::size_t length = PrintableLength(text);
        if (length == 0) {
            const auto byte = static_cast<unsigned char>(text.front());
            printable.append("\\x").append(1, DIGITS[byte >> 4]).append(1, DIGITS[byte & 15]);
        } else {
            printable += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return printable;
}

} // namespace util
