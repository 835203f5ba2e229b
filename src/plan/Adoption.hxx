#pragma once

#include "plan/Options.hxx"

namespace plan {

/** `--adopt` and `--exclusive`, with what is exclusive by default, for so many workers. Throws
 *  util::UserError where they contradict each other or the other options. */
adopt::Spec MakeAdopt(Options &options, const spawn::Environment &environment, unsigned workers);

} // namespace plan
