#include "Manual.hxx"
#include "harness/TempDir.hxx"

#include <algorithm>
#include <array>
#include <sstream>
#include <stdexcept>

namespace {

constexpr std::array MACROS = {"Ar", "Bq", "Brq", "Cm", "Dv", "Ev", "Fl", "Li",
                               "No", "Ns", "Oc",  "Oo", "Op", "Pa", "Va", "Xr"};

bool IsMacro(const std::string &word) {
    return std::find(MACROS.begin(), MACROS.end(), word) != MACROS.end();
}

bool IsPunctuation(const std::string &word) {
    return word == "," || word == "|" || word == ":";
}

std::vector<std::string> Words(const std::string &text) {
    std::istringstream is(text);
    std::vector<std::string> words;
    for (std::string word; is >> word;)
        words.push_back(word);
    return words;
}

void Replace(std::string &text, const std::string &what, const std::string &with) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
}

} // namespace

Manual::Manual()
    : path(std::string(SOURCE_ROOT) + "/man/clusterize.1"), text(harness::ReadFile(path)) {
    if (text.empty())
        throw std::runtime_error("there is no manual page at " + path);
    Replace(text, "\\\n", ""); // a line that goes on
    Replace(text, "\\&", ""); // what keeps mandoc from seeing punctuation
}

std::string Manual::Section(const std::string &title) const {
    std::istringstream is(text);
    std::string section;
    bool inside = false, sub = false;
    for (std::string line; std::getline(is, line);) {
        const bool sh = line.rfind(".Sh ", 0) == 0, ss = line.rfind(".Ss ", 0) == 0;
        if (inside && (sh || (sub && ss)))
            return section;
        if ((sh || ss) && line.substr(4) == title) {
            inside = true;
            sub = ss;
        } else if (inside) {
            section += line + "\n";
        }
    }
    if (!inside)
        throw std::runtime_error("the manual page has no section " + title);
    return section;
}

std::vector<std::string> Manual::Heads(const std::string &title) const {
    std::istringstream is(Section(title));
    std::vector<std::string> heads;
    for (std::string line; std::getline(is, line);)
        if (line.rfind(".It ", 0) == 0)
            heads.push_back(line.substr(4));
    return heads;
}

std::set<std::string> Manual::Names(const std::string &title, const std::string &macro) const {
    std::set<std::string> names;
    for (const std::string &head : Heads(title)) {
        const auto words = Words(head);
        std::string current = IsMacro(words[0]) ? "" : macro;
        for (const std::string &word : words) {
            if (IsMacro(word))
                current = word;
            else if (current == macro && !IsPunctuation(word))
                names.insert(macro == "Fl" ? "-" + word : word);
        }
    }
    return names;
}

std::string Manual::Entry(const std::string &option) const {
    std::istringstream is(Section("OPTIONS"));
    std::string entry;
    bool inside = false;
    for (std::string line; std::getline(is, line);) {
        if (line.rfind(".It ", 0) == 0 || line == ".El") {
            const auto words = Words(line);
            inside = std::find(words.begin(), words.end(), option.substr(1)) != words.end();
        }
        if (inside)
            entry += line + "\n";
    }
    return entry;
}
