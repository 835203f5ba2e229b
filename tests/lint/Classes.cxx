#include "Classes.hxx"

#include "Tree.hxx"

#include <cctype>
#include <regex>
#include <string_view>

namespace lint {

namespace {

/** Without comments, and with empty texts: their braces would count. */
std::string StripComments(const std::string &source) {
    static const std::regex NOISE(
        R"re(//[^\n]*|/\*[^*]*\*+([^/*][^*]*\*+)*/|"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])+')re");
    return std::regex_replace(source, NOISE, "");
}

/** Without what stands between < and >, and without <<, <=, ->. */
std::string StripTemplates(std::string text) {
    static const std::regex OPERATORS("operator *(<=>|<<|>>|<=|>=|<|>|->)");
    static const std::regex INNERMOST("<[^<>]*>");
    text = std::regex_replace(text, OPERATORS, "operator");
    for (std::string shorter;; text = shorter) {
        shorter = std::regex_replace(text, INNERMOST, "");
        if (shorter == text)
            return text;
    }
}

/** Behind the brace that closes the one at `open`. */
std::size_t SkipBraces(std::string_view text, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < text.size(); i++) {
        if (text[i] == '{')
            depth++;
        else if (text[i] == '}' && --depth == 0)
            return i + 1;
    }
    return text.size();
}

bool IsFunction(std::string statement) {
    static const std::regex OTHER(R"(^\s*((public|protected|private):\s*)*(using|friend|typedef|)"
                                  R"(static_assert|enum|class|struct|union)\b)");
    static const std::regex DELETED(R"(=\s*delete\s*$)");
    if (std::regex_search(statement, OTHER) || std::regex_search(statement, DELETED))
        return false;
    if (statement.find("operator") != std::string::npos)
        return true;
    // What follows is the value of a field.
    return statement.substr(0, statement.find('=')).find('(') != std::string::npos;
}

unsigned CountIn(std::string_view body) {
    unsigned count = 0;
    std::string statement;
    for (std::size_t i = 0; i < body.size(); i++) {
        if (body[i] == ';') {
            count += IsFunction(statement) ? 1 : 0;
            statement.clear();
        } else if (body[i] == '{') {
            i = SkipBraces(body, i) - 1;
            const auto next = body.find_first_not_of(" \t\n", i + 1);
            // The brace of a field's value, or of one in a constructor's list, ends nothing.
            const bool goes_on = next != std::string_view::npos &&
                                 (body[next] == ';' || body[next] == ',' || body[next] == '{');
            if (!goes_on) {
                count += IsFunction(statement) ? 1 : 0;
                statement.clear();
            }
        } else {
            statement += body[i];
        }
    }
    return count;
}

} // namespace

std::set<std::string> FindDefinedClasses(const std::string &source) {
    static const std::regex DEFINITION(R"(\b([A-Z]\w*)::(\w+::)*(~?\w+|operator[^(]*)\()");
    std::set<std::string> classes;
    for (const std::string &line : SplitLines(StripComments(source))) {
        std::smatch match;
        if (!line.empty() && std::isspace(static_cast<unsigned char>(line[0])) == 0 &&
            line[0] != '#' && std::regex_search(line, match, DEFINITION))
            classes.insert(match[1].str());
    }
    return classes;
}

std::map<std::string, unsigned> CountMemberFunctions(const std::string &header) {
    static const std::regex CLASS(R"((enum\s+)?\b(class|struct)\s+(\w+)[^;{}()]*\{)");
    const std::string text = StripTemplates(StripComments(header));
    std::map<std::string, unsigned> counts;
    for (std::sregex_iterator match(text.begin(), text.end(), CLASS), end; match != end; ++match) {
        if ((*match)[1].matched)
            continue;
        const auto open = static_cast<std::size_t>(match->position() + match->length()) - 1;
        const std::size_t close = SkipBraces(text, open) - 1;
        counts[(*match)[3].str()] +=
            CountIn(std::string_view(text).substr(open + 1, close - open - 1));
    }
    return counts;
}

} // namespace lint
