#pragma once

#include "plan/Options.hxx"
#include "pool/WorkerSpec.hxx"

namespace plan {

/** `--user` and `--group`. Throws util::UserError if nothing names the group of a user. */
spawn::Ids MakeIds(const Options &options);

/** HOME, USER, LOGNAME and SHELL of the user of `--user`: from its line of passwd(5), or HOME=/
 *  without one. Empty if nothing changes: no `--user`, or the launcher, whose real id is `own`, is
 *  that user already. */
pool::AccountVariables MakeAccount(const Options &options, uid_t own);

} // namespace plan
