#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Reaper.hxx"
#include "sys/GroupWitness.hxx"

#include <cstdint>
#include <memory>

namespace launcher {

/** Tells signals that were sent to the launcher's whole process group from those to the launcher
 *  alone, if workers share the group with it because there is a terminal. dumb-init, `tini -g`,
 *  timeout(1) and `kill -- -PGID` signal the group: the workers have the signal, and it must not
 *  be passed on to them a second time. */
class GroupSignals {
public:
    /** Both are borrowed. */
    GroupSignals(loop::Loop &loop, pool::Reaper &_reaper) noexcept
        : reaper(_reaper), timer(loop, util::Bind<&GroupSignals::Begin>(*this)) {}
    ~GroupSignals() noexcept;

    GroupSignals(const GroupSignals &) = delete;
    GroupSignals &operator=(const GroupSignals &) = delete;

    /** Starts the witness in a moment: a command that ends at once does not pay for it. */
    void Watch() { timer.Schedule(WORTH_WATCHING); }

    /** Has the group got this signal? Asked once for each signal that the launcher has got. */
    bool GroupHas(int signo) noexcept;

private:
    static constexpr std::chrono::milliseconds WORTH_WATCHING{20};

    /** Before a new witness, if somebody has killed this one. */
    static constexpr std::chrono::milliseconds RENEWAL{100};

    void Begin() noexcept;
    void OnEnd(pool::ExitStatus) noexcept;

    pool::Reaper &reaper;
    loop::TimerEvent timer;
    std::unique_ptr<sys::GroupWitness> witness;
    pool::ChildId child;

    /** A bit for each signal that an earlier witness has seen, the lowest for signal 1. */
    std::uint64_t unasked = 0;
};

} // namespace launcher
