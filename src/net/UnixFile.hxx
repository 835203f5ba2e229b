#pragma once

#include <string>
#include <sys/types.h>
#include <utility>

namespace net {

/** The file of a unix socket that this process has bound; removed at the end, unless another has taken
 *  the path meanwhile. */
class UnixFile {
public:
    UnixFile() noexcept = default;
    explicit UnixFile(std::string path);
    UnixFile(UnixFile &&other) noexcept
        : path(std::exchange(other.path, {})), device(other.device), inode(other.inode) {}
    UnixFile &operator=(UnixFile &&other) noexcept {
        std::swap(path, other.path);
        std::swap(device, other.device);
        std::swap(inode, other.inode);
        return *this;
    }
    ~UnixFile() noexcept { Remove(); }

    void Remove() noexcept;

private:
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
};

} // namespace net
