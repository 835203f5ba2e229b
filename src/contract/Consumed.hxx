#pragma once

#include "spawn/Environment.hxx"

namespace contract {

/** Takes out of an environment what speaks to the launcher and must not reach its workers: the
 *  contracts of whatever started it, and what an enclosing clusterize told it. */
void RemoveConsumed(spawn::Environment &env);

} // namespace contract
