#pragma once

#include <sys/types.h>

namespace sys {

/** Asks the kernel for TERM when the parent ends (PR_SET_PDEATHSIG). `parent`: its number as it was
 *  when the program began. If the caller has another parent by now, it gets TERM at once.
 *
 *  The parent is the thread that forked: if that ends before its process, it counts. Children do
 *  not inherit the request. The kernel forgets it when the caller changes its ids or gains
 *  capabilities, and FileSystemIds asks again. */
void DieWithParent(pid_t parent) noexcept;

} // namespace sys
