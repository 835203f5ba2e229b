#pragma once

#include "cli/OptionTable.hxx"

#include <string>
#include <vector>

namespace cli {

/** One use of an option, in the order of the command line. */
struct Use {
    const OptionRow *row;
    std::string value;
};

struct CommandLine {
    std::vector<Use> uses;
    std::vector<std::string> command; // empty: there was none
};

/** Options end at the first word that is none; the command follows, after `--` whatever it begins with.
 *  Throws util::UserError for an unknown option and for a value that is missing or too much. */
CommandLine ParseCommandLine(int argc, const char *const *argv);

} // namespace cli
