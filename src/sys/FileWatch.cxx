#include "sys/FileWatch.hxx"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>

namespace sys {

FileWatch FileWatch::Open() noexcept {
    return FileWatch(UniqueFd(AdoptTag(), inotify_init1(IN_CLOEXEC | IN_NONBLOCK)));
}

int FileWatch::Add(Fd fd, const char *path) noexcept {
    return inotify_add_watch(fd.Get(), path, IN_ATTRIB | IN_MOVE_SELF | IN_DONT_FOLLOW);
}

void FileWatch::Remove(int watch) const noexcept {
    inotify_rm_watch(fd.Get(), watch);
}

std::vector<int> FileWatch::Read() const {
    std::vector<int> watches;
    std::array<std::byte, 4096> events;
    ssize_t length = 0;
    while ((length = read(fd.Get(), events.data(), events.size())) > 0)
        for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
            inotify_event event = {};
            std::memcpy(&event, &events[at], sizeof(event));
            at += sizeof(event) + event.len;
            if (std::find(watches.begin(), watches.end(), event.wd) == watches.end())
                watches.push_back(event.wd);
        }
    return watches;
}

} // namespace sys
