#pragma once

#include "sys/Proc.hxx"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace pool {

/** The owner of a child that the launcher did not start. */
struct Owner {
    enum class Kind : std::uint8_t {
        /** Nothing shows whose it is. */
        NOBODY,

        /** Worker `id`, which may have ended. */
        WORKER,

        /** A command that the launcher runs beside the workers (--then). */
        COMPANION,

        /** A child that the launcher had before it started anything. */
        INHERITED,
    } kind = Kind::NOBODY;
    unsigned id = 0;

    friend bool operator==(const Owner &, const Owner &) noexcept = default;
};

/** A process by its number and its start, in clock ticks after boot. */
struct ProcessName {
    pid_t pid = 0;
    std::uint64_t start = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 mistakes the 0 of a comparison
    friend auto operator<=>(const ProcessName &, const ProcessName &) noexcept = default;
};

/** Somebody who may have left an orphan behind: a child of the launcher and what came from it. */
struct Family {
    Owner owner;
    pid_t leader = 0;

    /** An orphan of it is not older. */
    std::uint64_t start = 0;

    /** 0: the leader was not reaped, so its number is its own. Else: processes that began until
     *  then and have this number as their group or session have it from the leader. */
    std::uint64_t held_until = 0;

    /** Code of the launcher's own leaves nothing behind. */
    bool runs_program = true;

    /** Descendants, as they were seen last. */
    std::vector<ProcessName> members;

    friend bool operator==(const Family &, const Family &) noexcept = default;
};

/** A child that nobody registered, as it was seen. */
struct Orphan {
    ProcessName name;
    pid_t group = 0, session = 0;

    /** nullopt: it has ended. */
    static std::optional<Orphan> Look(pid_t pid) noexcept;

    friend bool operator==(const Orphan &, const Orphan &) noexcept = default;
};

/** The marks in an environment: CLUSTERIZE_RUN, CLUSTERIZE_WORKER_ID. */
struct Mark {
    bool is_ours = false; // the run's
    std::optional<unsigned> worker;

    static Mark Find(const sys::ProcessEnvironment &environment, std::string_view run) noexcept;
};

/** Is its process group or session that of the family's leader? A number is not given to a new
 *  process as long as one has it as its group or session. */
bool HasNumberOf(const Family &family, const Orphan &orphan) noexcept;

/** By parentage, process group and session: evidence outside of its memory. */
Owner AttributeByKinship(const Orphan &orphan, std::span<const Family> families) noexcept;

/** By its mark; without one by elimination: it belongs to a worker that has ended if no other
 *  family could have left it. Never for PID 1 (`strangers`), which gets anybody's orphans. */
Owner AttributeByMark(const Orphan &orphan, const Mark &mark, std::span<const Family> families,
                      bool strangers) noexcept;

} // namespace pool
