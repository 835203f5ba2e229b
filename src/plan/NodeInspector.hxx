#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plan {

/** The port on which a Node program is told to let itself be inspected (`--inspect`, `--inspect-brk`,
 *  `--inspect-wait`, `--inspect-port` before the script, or in NODE_OPTIONS), see node(1): a debugger wants
 *  to reach one worker, not any. nullopt: the command is no Node, is not told so, or takes a free
 *  port. */
std::optional<unsigned> FindNodeInspector(std::span<const std::string> command,
                                          std::string_view node_options);

} // namespace plan
