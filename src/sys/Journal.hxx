#pragma once

#include "sys/UniqueFd.hxx"

#include <string_view>

namespace sys {

/** JOURNAL_STREAM names this descriptor (systemd.exec(5)): its reader is journald, which takes a
 *  number in angle brackets at the beginning of a line for the line's priority (sd-daemon(3)). */
bool IsJournal(Fd fd, std::string_view journal_stream) noexcept;

} // namespace sys
