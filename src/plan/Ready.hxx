#pragma once

#include "plan/Options.hxx"

#include <string>
#include <vector>

namespace plan {

/** `--ready` and `--ready-timeout`, for workers whose addresses are treated as `adopt` says. Throws
 *  util::UserError if no worker could be seen to become ready. */
pool::ReadySpec MakeReady(const Options &options, const adopt::Spec &adopt,
                          std::vector<std::string> &warnings);

} // namespace plan
