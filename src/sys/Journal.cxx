#include "sys/Journal.hxx"
#include "util/Number.hxx"

#include <cstdint>
#include <sys/stat.h>

namespace sys {

bool IsJournal(Fd fd, std::string_view journal_stream) noexcept {
    const auto colon = journal_stream.find(':');
    if (colon == std::string_view::npos)
        return false;
    const auto device = util::ParseUnsigned(journal_stream.substr(0, colon), UINT64_MAX);
    const auto inode = util::ParseUnsigned(journal_stream.substr(colon + 1), UINT64_MAX);
    struct stat status = {};
    return device && inode && fstat(fd.Get(), &status) == 0 && status.st_dev == *device &&
           status.st_ino == *inode;
}

} // namespace sys
