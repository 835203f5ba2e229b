#include "sys/NullDevice.hxx"
#include "sys/Error.hxx"

#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace sys {

UniqueFd OpenNullDevice(NullAccess access) {
    const int flags = access == NullAccess::READ ? O_RDONLY : O_RDWR;
    UniqueFd fd(AdoptTag(), open("/dev/null", flags | O_CLOEXEC));
    if (fd.IsDefined())
        return fd;
    std::array<int, 2> ends = {-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw MakeErrno("cannot open /dev/null");
    close(ends[1]);
    return {AdoptTag(), ends[0]};
}

void FillStandardDescriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        UniqueFd null = OpenNullDevice(NullAccess::READ_WRITE);
        const UniqueFd above(AdoptTag(), fcntl(null.Get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
        null.Close(); // which may have got the number itself
        if (!above.IsDefined() || dup2(above.Get(), fd) != fd)
            throw MakeErrno("cannot open a standard descriptor");
    }
}

} // namespace sys
