#pragma once

#include "sys/Journal.hxx"

#include <cstdlib>
#include <unistd.h>

namespace launcher {

/** journald reads the log, so each line says how much it matters. */
inline bool LogIsJournal() noexcept {
    const char *const stream = std::getenv("JOURNAL_STREAM");
    return stream != nullptr && sys::IsJournal(sys::Fd(STDERR_FILENO), stream);
}

} // namespace launcher
