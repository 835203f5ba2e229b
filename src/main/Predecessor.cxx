#include "main/Predecessor.hxx"
#include "watch/Vigils.hxx"

#include <sys/epoll.h>
#include <system_error>

namespace launcher {

Predecessor::Predecessor(loop::Loop &_loop, util::BoundMethod<void()> _on_gone) noexcept
    : loop(_loop), on_gone(_on_gone),
      ended(_loop, loop::Priority::MESSAGES,
            loop::FdEvent::Callback::Make<&Predecessor::OnEnd>(*this)),
      timer(_loop, util::Bind<&Predecessor::Finish>(*this)) {}

bool Predecessor::Await(std::chrono::milliseconds patience) noexcept {
    if (!deadline)
        deadline = loop.Now() + patience;
    if (loop.Now() >= *deadline)
        return false;
    try {
        vigil = watch::FindVigil();
        if (!vigil)
            return false;
        ended.Watch(vigil->Pidfd(), EPOLLIN);
    } catch (const std::system_error &) {
        return false; // no descriptor is free: the address stays in use
    }
    timer.ScheduleAt(*deadline);
    return true;
}

void Predecessor::Cancel() noexcept {
    ended.Cancel();
    timer.Cancel();
    vigil.reset();
}

void Predecessor::Finish() noexcept {
    Cancel();
    on_gone();
}

} // namespace launcher
