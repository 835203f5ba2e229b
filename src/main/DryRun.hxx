#pragma once

#include "plan/Plan.hxx"

#include <string>

namespace launcher {

/** `--dry-run`: a line for each option, listener, word of the command, contract and variable, as the man
 *  page says. Throws util::UserError where a descriptor that was handed over is no listener. */
std::string RenderPlan(const plan::Plan &plan);

/** Prints that; the exit status. */
int Rehearse(const plan::Plan &plan);

} // namespace launcher
