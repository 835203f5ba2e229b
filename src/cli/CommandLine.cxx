#include "cli/CommandLine.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

// CLI11 parses the options, but only those words that are options: which word begins the command is decided
// here, because its prefix_command() takes an unknown --option for one. Rows are registered only where the
// command line names them: all of them would cost more than the whole rest of a start.

namespace cli {

namespace {

/** The row that a word such as --port, --port=80, -p, -p80 names; nullptr: none. */
const OptionRow *FindNamed(std::string_view word) noexcept {
    const bool is_long = word.starts_with("--");
    const std::string_view name =
        is_long ? util::Cut(word.substr(2), '=').first : word.substr(1, 1);
    for (const OptionRow &row : OptionTable())
        if (is_long ? row.name == name : row.letter != 0 && row.letter == name[0])
            return &row;
    return nullptr;
}

bool HasValueAttached(std::string_view word) noexcept {
    return word.starts_with("--") ? word.find('=') != std::string_view::npos : word.size() > 2;
}

/** The most similar long option, for a message; empty where none is near. */
std::string_view FindSimilar(std::string_view word) noexcept {
    const std::string_view name =
        util::Cut(word.substr(std::min(word.find_first_not_of('-'), word.size())), '=').first;
    for (const OptionRow &row : OptionTable())
        if (name.size() >= 2 && (row.name.starts_with(name) || name.starts_with(row.name)))
            return row.name;
    return {};
}

[[noreturn]] void ThrowUnknown(std::string_view word) {
    const std::string_view similar = FindSimilar(word);
    throw util::UserError(fmt::format(
        "unknown option {}: {}a command that begins with '-' goes after --; see clusterize --help",
        util::Quote(word), similar.empty() ? "" : fmt::format("did you mean --{}? ", similar)));
}

std::string Display(const OptionRow &row) {
    return row.letter != 0 ? fmt::format("-{},--{}", row.letter, row.name)
                           : fmt::format("--{}", row.name);
}

/** Where the options end. Fills `named` with the rows that they name. */
int FindCommand(int argc, const char *const *argv, std::vector<const OptionRow *> &named) {
    int i = 1;
    while (i < argc) {
        const std::string_view word = argv[i];
        if (!word.starts_with('-') || word == "--")
            return i;
        const OptionRow *row = word == "-" ? nullptr : FindNamed(word);
        if (row == nullptr)
            ThrowUnknown(word);
        if (std::find(named.begin(), named.end(), row) == named.end())
            named.push_back(row);
        i++;
        if (row->IsFlag() && word.starts_with("--") && HasValueAttached(word))
            throw util::UserError(
                fmt::format("--{} takes no value: {}", row->name, util::Quote(word)));
        if (!row->IsFlag() && word.starts_with("--") && word.ends_with('=') &&
            word.find('=') == word.size() - 1)
            throw util::UserError(fmt::format("{} needs a value: {}", word, row->value));
        if (!row->IsFlag() && !HasValueAttached(word)) {
            if (i == argc)
                throw util::UserError(fmt::format("{} needs a value: {}", word, row->value));
            i++;
        }
    }
    return i;
}

} // namespace

CommandLine ParseCommandLine(int argc, const char *const *argv) {
    std::vector<const OptionRow *> named;
    const int end = FindCommand(argc, argv, named);

    CommandLine line;
    const int command = end < argc && std::string_view(argv[end]) == "--" ? end + 1 : end;
    line.command.assign(argv + command, argv + argc);
    if (end == 1)
        return line;

    CLI::App app;
    app.set_help_flag();
    std::map<const CLI::Option *, const OptionRow *> rows;
    for (const OptionRow *row : named) {
        CLI::Option *option =
            row->IsFlag()
                ? app.add_flag(Display(*row))
                : app.add_option(Display(*row), [](const CLI::results_t &) { return true; });
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        if (!row->IsFlag())
            option->expected(1)->allow_extra_args(false);
        rows.emplace(option, row);
    }
    std::vector<std::string> words(argv + 1, argv + end);
    std::reverse(words.begin(), words.end());
    try {
        app.parse(words);
    } catch (const CLI::ParseError &error) {
        throw util::UserError(error.what());
    }
    // parse_order() names an option as often as it was used.
    std::map<const CLI::Option *, std::size_t> used;
    for (const CLI::Option *option : app.parse_order())
        line.uses.push_back({rows.at(option), option->results().at(used[option]++)});
    return line;
}

} // namespace cli
