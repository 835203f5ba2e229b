#pragma once

#include "Support.hxx"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/** The numbered lines of `behave lines N`, and pipes that a test reads or does not read. */
namespace process {

struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0)
            throw std::runtime_error("pipe2");
        reader = Fd(ends[0]);
        writer = Fd(ends[1]);
    }

    Fd reader, writer;
};

/** A start whose standard output is descriptor 20, and its standard error 21 where that was given. */
inline Start WritingTo(std::vector<GivenFd> fds) {
    const bool both = fds.size() > 1;
    return {.fds = std::move(fds), .prepare = [both] {
                (void)dup2(20, STDOUT_FILENO);
                (void)close(20);
                if (both) {
                    (void)dup2(21, STDERR_FILENO);
                    (void)close(21);
                }
            }};
}

/** Reads what is there, of each. */
inline bool ReadSome(const std::vector<std::pair<int, std::string *>> &sources) {
    bool open = false;
    for (const auto &[fd, text] : sources) {
        char bytes[65536];
        pollfd source = {fd, POLLIN, 0};
        if (poll(&source, 1, 1) <= 0) {
            open = true;
            continue;
        }
        const auto n = read(fd, bytes, sizeof bytes);
        if (n > 0)
            text->append(bytes, static_cast<size_t>(n));
        open = open || n > 0;
    }
    return open;
}

/** Until nobody has a writing end any more. */
inline bool ReadToEnd(const std::vector<std::pair<int, std::string *>> &sources) {
    const auto begin = Now();
    while (SecondsSince(begin) < 120)
        if (!ReadSome(sources))
            return true;
    return false;
}

/** What "behave lines COUNT" of that slot writes. */
inline std::string OutLine(unsigned slot, long n) {
    return "out slot=" + std::to_string(slot) + " n=" + std::to_string(n) + " " +
           std::string(static_cast<size_t>(n % 61), 'x');
}

inline std::string ErrLine(unsigned slot, long n) {
    return "err slot=" + std::to_string(slot) + " n=" + std::to_string(n);
}

/** Every line of `slots` workers is there once, whole, and in the order of its worker. `before` is what stands
 *  before a line of a slot. The first that is wrong; empty: none. */
inline std::string Wrong(const std::string &text, unsigned slots, long count, long step,
                         const std::function<std::string(unsigned)> &before,
                         const std::function<std::string(unsigned, long)> &line) {
    std::vector<long> last(slots, 0);
    size_t at = 0;
    while (at < text.size()) {
        const size_t end = text.find('\n', at);
        if (end == std::string::npos)
            return "no newline at the end: " + text.substr(at);
        const std::string_view got = std::string_view(text).substr(at, end - at);
        bool known = false;
        for (unsigned slot = 0; slot < slots && !known; ++slot)
            if (got == before(slot) + line(slot, last[slot] + step)) {
                last[slot] += step;
                known = true;
            }
        if (!known)
            return "torn or out of order: " + std::string(got);
        at = end + 1;
    }
    for (unsigned slot = 0; slot < slots; ++slot)
        if (last[slot] != count)
            return "slot " + std::to_string(slot) + " ends with " + std::to_string(last[slot]);
    return "";
}

/** The prefix of the first worker of a slot. */
inline std::string FirstPrefix(unsigned slot) {
    return "[" + std::to_string(slot + 1) + "] ";
}

/** How much a process has written in all. */
inline std::string Written(pid_t pid) {
    const std::string text = ReadFile("/proc/" + std::to_string(pid) + "/io");
    const auto at = text.find("wchar: ");
    return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

/** Waits until none of these has written anything for a while: each sleeps. */
inline bool WaitStalled(const std::vector<pid_t> &pids) {
    std::string before;
    int same = 0;
    return WaitFor([&] {
        std::string now;
        bool asleep = true;
        for (const pid_t pid : pids) {
            now += Written(pid) + ";";
            asleep = asleep && State(pid) == 'S';
        }
        same = asleep && now == before ? same + 1 : 0;
        before = now;
        return same >= 60;
    });
}

} // namespace process
