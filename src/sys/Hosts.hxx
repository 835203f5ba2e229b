#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sys {

/** The addresses, as texts, that hosts(5) lists for a name (without regard to case), in its order.
 *  Neither DNS nor NSS is asked. Empty where there is none. */
std::vector<std::string> LookUpHost(std::string_view name, const std::string &path = "/etc/hosts");

} // namespace sys
