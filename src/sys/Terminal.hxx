#pragma once

namespace sys {

/** Has this process a controlling terminal (does /dev/tty open)? See tty(4). */
bool HasTerminal() noexcept;

} // namespace sys
