#pragma once

#include "sys/Error.hxx"
#include "sys/UniqueFd.hxx"

#include <array>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <unistd.h>

namespace unit {

inline bool IsOpen(int fd) noexcept {
    return fcntl(fd, F_GETFD) >= 0;
}

/** A pipe with both ends close-on-exec. */
struct Pipe {
    Pipe() {
        std::array<int, 2> ends = {-1, -1};
        if (pipe2(ends.data(), O_CLOEXEC) != 0)
            throw sys::MakeErrno("pipe2");
        reader = sys::UniqueFd(sys::AdoptTag(), ends[0]);
        writer = sys::UniqueFd(sys::AdoptTag(), ends[1]);
    }

    /** What is in it now; never waits. */
    std::string ReadNow() const {
        std::string text;
        for (;;) {
            pollfd source = {reader.Get(), POLLIN, 0};
            std::array<char, 4096> buffer;
            if (poll(&source, 1, 0) <= 0 || (source.revents & POLLIN) == 0)
                return text;
            const ssize_t length = read(reader.Get(), buffer.data(), buffer.size());
            if (length <= 0)
                return text;
            text.append(buffer.data(), static_cast<std::size_t>(length));
        }
    }

    /** Everything until nobody has the writing end; our own is closed first. */
    std::string ReadToEnd() {
        writer.Close();
        std::string text;
        std::array<char, 4096> buffer;
        for (;;) {
            const ssize_t length = read(reader.Get(), buffer.data(), buffer.size());
            if (length <= 0)
                return text;
            text.append(buffer.data(), static_cast<std::size_t>(length));
        }
    }

    sys::UniqueFd reader, writer;
};

} // namespace unit
