#pragma once

#include <string>
#include <string_view>

namespace cli {

/** `--list KIND`: a line for each row, its name first. Throws util::UserError for an unknown kind. */
std::string RenderList(std::string_view kind);

/** `--help` */
std::string RenderHelp();

} // namespace cli
