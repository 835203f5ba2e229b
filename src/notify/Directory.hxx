#pragma once

#include "sys/UniqueFd.hxx"

#include <string>
#include <vector>

namespace notify {

/** Opens the sockets of the mailboxes under names that only a worker and its descendants know: 128
 *  random bits in a directory that everybody may search and nobody may list (0711). So a worker
 *  that has changed its user still finds its socket, and no other user does. /proc/net/unix shows
 *  the name that a socket was bound to, so each is renamed before others may write to it.
 *
 *  The directory is made when it is needed first. A lock (flock(2)) shows that its launcher lives:
 *  the next launcher of the same user removes those of launchers that were killed, and
 *  systemd-tmpfiles leaves it alone. If no place can have it, sockets get abstract names. These
 *  cannot be guessed either, but every process of the network namespace can see them. */
class Directory {
public:
    /** `_places`: where it may be, the best first. */
    explicit Directory(std::vector<std::string> _places) noexcept : places(std::move(_places)) {}

    /** The directory that it has made and the descriptor of its lock, for a launcher that takes
     *  this one's place: the lock belongs to the open file, so exec(2) keeps it. */
    struct Description {
        std::string path;
        int lock = -1;
        std::string lacks;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    Directory(std::vector<std::string> _places, const Description &made) noexcept
        : places(std::move(_places)), path(made.path), lock(sys::Reclaim(made.lock)),
          lacks(made.lacks) {}
    Description Describe() const { return {path, lock.Get(), lacks}; }

    struct Socket {
        /** As for NOTIFY_SOCKET. */
        std::string name;

        /** For datagrams, with their senders. */
        sys::UniqueFd socket;
    };

    /** Throws std::system_error. */
    Socket Open();

    void Remove(const std::string &name) const noexcept;

    /** Removes the directory and all in it: at the end of the cluster. */
    void RemoveAll() noexcept;

    /** Why the last name was abstract; empty: it was not. */
    const std::string &Lacks() const noexcept { return lacks; }

private:
    bool Make() noexcept;
    bool MakeIn(const std::string &place) noexcept;
    Socket OpenPath(const std::string &secret) const;

    const std::vector<std::string> places;

    /** Empty: there is none. */
    std::string path;

    /** The directory. */
    sys::UniqueFd lock;
    std::string lacks;
};

} // namespace notify
