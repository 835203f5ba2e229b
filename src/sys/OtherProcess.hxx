#pragma once

#include "sys/ProcessIds.hxx"
#include "sys/UniqueFd.hxx"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sys {

/** What a descriptor of another process is. */
struct OpenFile {
    std::uint64_t inode; // names a socket: "socket:[INODE]"; 0 for what is no socket
    /** The kernel's name of a socket's protocol (the attribute system.sockprotoname): "TCP",
     *  "TCPv6", "MPTCP", "MPTCPv6", "UDP", "UDPv6", … A unix socket is always one of "UNIX-STREAM",
     *  "UNIX-DGRAM" and "UNIX-SEQPACKET", whatever the kernel calls it ("UNIX" if its type
     *  cannot be found). Empty: no socket. */
    std::string protocol;
    bool nonblocking, close_on_exec;
};

/** Some of a process's sockets. */
struct SocketSlice {
    struct Socket {
        unsigned descriptor;
        std::uint64_t inode;
    };

    std::vector<Socket> sockets; // in the order of their descriptors
    std::size_t seen = 0; // descriptors of any kind
    std::optional<unsigned> next; // the descriptor to go on with; nullopt: there are no more
    int error = 0; // it may not be seen
};

/** Handles of another process, for one that may not look by itself: see OtherProcess::Open(). */
struct ProcessHandles {
    UniqueFd memory; // /proc/TID/mem; undefined if it may not be read
    UniqueFd socket; // as of OtherProcess::Copy()
};

/** Another process, by the number of one of its threads, read through /proc/TID. For the time of
 *  one answer: numbers are used again, so what was read is only good if the thread is known to live
 *  afterwards, and the process can change under every look. Needs the rights of ptrace(2), "access
 *  mode checking": the same ids and a dumpable process, or CAP_SYS_PTRACE. Each look is tried
 *  plainly first; if that is refused and the caller is root, once more with the other's
 *  file-system ids. What the other process says is never trusted with more than the caller's own
 *  buffers. */
class OtherProcess {
public:
    explicit OtherProcess(pid_t _tid);

    /** Fills `to` from its memory. 0, or an errno: EFAULT if not all of it can be read, as the
     *  kernel would say of such a pointer; EPERM if it may not be read; ESRCH if it is gone.
     *  Memory that another program serves (FUSE, userfaultfd) makes this wait for it. */
    int ReadMemory(std::uint64_t address, std::span<std::byte> to);

    /** Opens its memory and copies a descriptor, for a process of the caller's own that looks on
     *  behalf of it: Yama lets only an ancestor attach (kernel.yama.ptrace_scope 1), and asks when
     *  these are opened, not when they are used. Reads no memory, so it waits for nobody. */
    ProcessHandles Open(int fd);

    /** Looks through these from now on. */
    void Use(ProcessHandles _handles) noexcept { handles = std::move(_handles); }

    /** Read once, when they are needed first. nullopt if it is gone. */
    const std::optional<ProcessIds> &Ids();

    /** nullopt with errno: EBADF if it has no such descriptor, ESRCH if it is gone, EPERM. */
    std::optional<OpenFile> Look(int fd);

    /** A duplicate, by pidfd_getfd(2); undefined with errno if that is refused (Docker without
     *  CAP_SYS_PTRACE, another uid), or if the thread does not share the descriptors of its
     *  process. */
    UniqueFd Copy(int fd);

    bool SharesNetwork(); // is its network namespace the caller's? false if that cannot be seen
    bool
    // are its root directory and its mount namespace? false if that cannot be seen
    SharesFiles();

    /** A handle (O_PATH) of its working directory; undefined with errno if it cannot be seen. */
    UniqueFd OpenWorkingDirectory();

    /** Its security domain as /proc/TID/attr/current names it (AppArmor, SELinux); empty if there
     *  is none, or it cannot be read. Landlock shows nowhere. */
    std::string Confinement() const;

    /** Empty with errno if it cannot be seen, was deleted or lies outside of the root. */
    std::string WorkingDirectory();

    /** The path of the program that it executes; empty if it cannot be seen. " (deleted)" is behind
     *  one whose file has no name any more. */
    std::string Executable();

    /** The inodes of all its sockets, once for each descriptor. None if it is gone; nullopt if that
     *  is unknown: it may not be seen, or has more than MOST_DESCRIPTORS. */
    std::optional<std::vector<std::uint64_t>> SocketInodes();

    /** Looks at this many descriptors, beginning with this one. An empty slice if it is gone. */
    SocketSlice SocketsFrom(unsigned first, std::size_t most);

    /** The inodes of all files that its epoll descriptors watch (fdinfo, "tfd: … ino:HEX"). */
    std::vector<std::uint64_t> EpollTargets();

    static constexpr std::size_t MOST_DESCRIPTORS = 65'536;

private:
    template <typename Call> int Try(const Call &call);

    int LookPlainly(int fd, OpenFile &file) const;
    int OpenMemory(UniqueFd &memory) const;
    int SeeSame(const char *name, bool &same) const;
    bool Shares(std::initializer_list<const char *> names);
    std::string FindUnixType(int fd, std::uint64_t inode);
    int FindListedUnixType(std::uint64_t inode) const;

    pid_t tid;
    std::string directory; // "/proc/TID/"
    std::optional<ProcessIds> ids;
    ProcessHandles handles; // undefined, unless Use() was called
};

/** Does the Yama security module let ancestors alone read memory and copy descriptors
 *  (kernel.yama.ptrace_scope 1), and the caller lacks CAP_SYS_PTRACE, which would do instead? */
bool OnlyAncestorsMayAttach();

} // namespace sys
