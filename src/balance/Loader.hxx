#pragma once

#include "balance/KernelRights.hxx"
#include "balance/LoadProgram.hxx"
#include "loop/FdEvent.hxx"
#include "util/BoundMethod.hxx"

#include <deque>
#include <sys/types.h>

namespace balance {

/** Who wants a program. */
class LoadClient {
public:
    virtual ~LoadClient() = default;

    virtual void OnLoaded(Loaded loaded) noexcept = 0;
};

/** Gets programs into the kernel without the launcher waiting or growing: each is loaded by a child
 *  that hands it over and ends. One child at a time. */
class Loader {
public:
    /** `forked` is told of each child; the launcher reaps it. */
    Loader(loop::Loop &_loop, util::BoundMethod<void(pid_t)> _forked) noexcept
        : forked(_forked), answer(_loop, loop::Priority::REQUESTS,
                                  loop::FdEvent::Callback::Make<&Loader::OnAnswer>(*this)) {}
    ~Loader() noexcept;

    Loader(const Loader &) = delete;
    Loader &operator=(const Loader &) = delete;

    const KernelRights &Rights() const noexcept { return rights; }

    /** So many programs at a time: each takes 160 KiB of the kernel, and a program of a worker may
     *  open thousands of ports. */
    static constexpr unsigned MOST_PROGRAMS = 64;

    /** A place for one more program; false: all are taken. Who has it gives it back with
     *  Release(). */
    bool Reserve() noexcept;
    void Release() noexcept { reserved--; }

    /** Answers once, later. Only where Rights().may_load, and with a place. */
    void Request(Kind kind, LoadClient &client);

    /** The client ends: it gets no answer. */
    void Cancel(const LoadClient &client) noexcept;

    /** The same without a loop, for somebody who can wait. Throws std::system_error. */
    static Loaded LoadNow(Kind kind, const KernelRights &rights);

private:
    struct Order {
        Kind kind;
        LoadClient *client; // nullptr: does not want it any more
    };

    void Begin() noexcept;
    void Answer(Loaded loaded) noexcept;
    void OnAnswer(std::uint32_t events) noexcept;

    const util::BoundMethod<void(pid_t)> forked;
    const KernelRights rights = FindKernelRights();
    unsigned reserved = 0;
    std::deque<Order> orders; // the first is under way where `child` is open
    pid_t pid = 0; // of the last child
    sys::UniqueFd child; // our end of what it answers by
    loop::FdEvent answer;
};

} // namespace balance
