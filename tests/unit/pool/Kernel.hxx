#pragma once

#include <string>
#include <sys/types.h>

namespace kernel {

/** kill(2), waitid(2) and getpgid(2) of this test program: no signal leaves it, children are what it
 *  says, and all are in its own process group. */
void Reset();

/** What was sent since it was asked last: "TERM 2147400001 KILL 2147480002 ". */
std::string TakeSignals();

/** A child has ended, to be found by waitid(2). */
void Exit(pid_t pid, int status);
void Die(pid_t pid, int signo);

/** How many children there are, ended or not. */
void SetChildren(int count);

/** Process numbers beyond every possible pid_max. */
constexpr pid_t FIRST_PID = 2147400000;

} // namespace kernel
