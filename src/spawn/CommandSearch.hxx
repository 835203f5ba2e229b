#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawn {

/** The paths that are tried for a command, in turn, as execvp(3) does it: a command with a slash is a
 *  path, another one is looked for in every directory of PATH (an empty one is the current). Where PATH
 *  is not set, /usr/local/bin, /usr/bin and /bin. Nothing is looked up: the kernel does that at exec, at
 *  each start anew. */
std::vector<std::string> CommandPaths(std::string_view command,
                                      std::optional<std::string_view> path);

} // namespace spawn
