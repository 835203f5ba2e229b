#include "Lines.hxx"

#include "Tree.hxx"

#include <algorithm>
#include <cctype>
#include <regex>

namespace lint {

namespace {

/** Characters, not bytes: the bytes that begin one in UTF-8. */
std::size_t Columns(const std::string &line) {
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
    }));
}

bool HasComment(const std::string &line) {
    static const std::regex COMMENT(R"(^\s*(/?\*|//)|[;,{)] //)");
    return std::regex_search(line, COMMENT);
}

bool IsWordCharacter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool IsBlank(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

bool IsCommentMark(char c) {
    return c == '*' || c == '/';
}

/** The length of the word if it stands at `at`, else 0. */
std::size_t Match(const std::string &text, std::size_t at, std::string_view word) {
    std::size_t i = at;
    if (at > 0 && IsWordCharacter(text[at - 1]))
        return 0;
    for (const char c : word) {
        if (i == text.size() || (c == ' ' ? !IsBlank(text[i]) : text[i] != c))
            return 0;
        i++;
        // A line break in a comment comes with what begins the next line.
        while (c == ' ' && i < text.size() && (IsBlank(text[i]) || IsCommentMark(text[i])))
            i++;
    }
    return i < text.size() && IsWordCharacter(text[i]) ? 0 : i - at;
}

} // namespace

std::vector<unsigned> FindWideLines(const std::string &text, std::size_t columns,
                                    Language language) {
    std::vector<unsigned> found;
    unsigned number = 0;
    for (const std::string &line : SplitLines(text)) {
        number++;
        const bool counts = language == Language::CXX
                                ? HasComment(line)
                                : !line.starts_with("|") && line.find(' ') != std::string::npos;
        if (counts && Columns(line) > columns)
            found.push_back(number);
    }
    return found;
}

std::vector<std::string> FindOldWords(const std::string &text, std::span<const OldWord> words) {
    std::vector<std::string> found;
    for (std::size_t at = 0; at < text.size(); at++)
        for (const OldWord &old : words)
            if (Match(text, at, old.word) != 0) {
                const auto line =
                    1 +
                    std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
                found.push_back(std::to_string(line) + ": " + std::string(old.word) + ", now " +
                                std::string(old.instead));
            }
    return found;
}

} // namespace lint
