#pragma once

/** Limits of this process on rights that its capabilities seem to give. */
namespace sys {

/** Does a seccomp filter look at its system calls, as in most containers? */
bool HasSeccompFilter() noexcept;

/**
 * Is it in a user namespace other than the first one? Its capabilities do not hold for what belongs
 * to the whole machine, such as programs for the kernel. False if there is no /proc to look at.
 */
bool IsInUserNamespace() noexcept;

} // namespace sys
