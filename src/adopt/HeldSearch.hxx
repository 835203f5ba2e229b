#pragma once

#include "adopt/Handed.hxx"
#include "loop/Errands.hxx"
#include "loop/TimerEvent.hxx"
#include "util/BoundMethod.hxx"

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <sys/types.h>
#include <vector>

namespace adopt {

/** Finds out which sockets are held by a process and its descendants, by looking at all their
 *  descriptors: some thousands in each errand, so that a process with very many of them delays
 *  only this search. */
class HeldSearch {
public:
    using Inodes = std::set<std::uint64_t>;

    /** nullopt: unknown, since a process could not be read or the search took too long. */
    using Done = util::BoundMethod<void(std::optional<Inodes>)>;

    enum class Pace : bool {
        AT_ONCE, // somebody waits for it; it ends after one second
        IN_BACKGROUND, // at most a twentieth of the time
    };

    HeldSearch(loop::Loop &_loop, loop::Errands &_errands, unsigned _client, Pace _pace,
               Done _done) noexcept;
    ~HeldSearch() noexcept { Cancel(); }

    HeldSearch(const HeldSearch &) = delete;
    HeldSearch &operator=(const HeldSearch &) = delete;

    /** Below `root`, and `root` itself if `with_root`; also the thread `other` if it is not 0.
     *  `sockets` are at most MOST_SOCKETS inode numbers. `handed` descriptors do not count.
     *  Replaces a search that is under way. */
    void Start(pid_t root, bool with_root, pid_t other, std::vector<std::uint64_t> sockets,
               Handed handed = {});
    void Cancel() noexcept;
    bool IsUnderWay() const noexcept { return ticket != 0 || next.IsPending(); }

    /** The client of searches that belong to no call. */
    static constexpr unsigned NOBODY = std::numeric_limits<unsigned>::max();

    static constexpr std::size_t MOST_SOCKETS = 4096;
    static constexpr std::size_t DESCRIPTORS = 8192; // of one errand

private:
    void Send() noexcept;
    void OnAnswer(loop::Errands::Ticket answered, const loop::Errands::Answer &answer) noexcept;
    void Finish(std::optional<Inodes> held) noexcept;

    loop::Loop &loop;
    loop::Errands &errands;
    const unsigned client;
    const Pace pace;
    const Done done;
    pid_t root = 0, other = 0;
    bool with_root = false;
    std::vector<std::uint64_t> sockets;
    Handed handed;
    pid_t at_pid = 0; // where the next errand begins
    unsigned at_descriptor = 0;
    Inodes found;
    loop::TimePoint begun, sent;
    loop::Errands::Ticket ticket = 0;
    loop::TimerEvent next;
};

} // namespace adopt
