#pragma once

#include "sys/UniqueFd.hxx"

#include <vector>

namespace sys {

/** Tells when files lose or get a name; see inotify(7). Owns the descriptor. */
class FileWatch {
public:
    /** Undefined, with errno, if the user has too many of them. */
    static FileWatch Open() noexcept;

    FileWatch() noexcept = default;

    bool IsOpen() const noexcept { return fd.IsDefined(); }

    /** Readable when Read() returns something. */
    Fd Descriptor() const noexcept { return fd; }

    /** Watches the file itself, not the target of a symbolic link. `fd` is Descriptor(), or a copy
     *  in another process: the path may wait for a file system. Needs the right to read the file.
     *  Returns the number of the watch, or -1 with errno. */
    static int Add(Fd fd, const char *path) noexcept;

    void Remove(int watch) const noexcept;

    /** The watches whose files have lost a name, got one, or changed otherwise, in ascending order;
     *  LOST among them, if the kernel has dropped some. Does not block, and leaves the rest for the
     *  next time: files can change faster than anybody reads. */
    std::vector<int> Read() const;

    static constexpr int LOST = -1;

private:
    explicit FileWatch(UniqueFd _fd) noexcept : fd(std::move(_fd)) {}

    UniqueFd fd;
};

} // namespace sys
