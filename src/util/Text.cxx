#include "util/Text.hxx"

namespace util {

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

} // namespace util
