#pragma once

#include "cli/CommandLine.hxx"

#include <string>
#include <vector>

namespace spawn {
class Environment;
}

namespace cli {

/** Applies the command line, and the variables CLUSTERIZE_<OPTION> of those options that it does not
 *  name; takes all of these variables out of `environment`. Throws util::UserError, which names the
 *  option or the variable, and the value. `warnings` gets what is odd but no error. */
plan::Options ReadOptions(const CommandLine &line, spawn::Environment &environment,
                          const OptionContext &context, std::vector<std::string> &warnings);

} // namespace cli
