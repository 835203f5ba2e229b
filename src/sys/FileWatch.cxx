#include "sys/FileWatch.hxx"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>

namespace sys {

namespace {

constexpr unsigned MOST_READS = 16; // of 256 events each

} // namespace

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
    for (unsigned i = 0; i < MOST_READS; i++) {
        const ssize_t length = read(fd.Get(), events.data(), events.size());
        if (length <= 0)
            break;
        for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
            inotify_event event = {};
            std::memcpy(&event, &events[at], sizeof(event));
            at += sizeof(event) + event.len;
            watches.push_back((event.mask & IN_Q_OVERFLOW) != 0 ? LOST : event.wd);
        }
    }
    std::sort(watches.begin(), watches.end());
    watches.erase(std::unique(watches.begin(), watches.end()), watches.end());
    return watches;
}

} // namespace sys
