#include "output/Drain.hxx"

#include <algorithm>
#include <sys/epoll.h>
#include <system_error>

namespace output {

Drain::Drain(loop::Loop &loop, report::Outlet &&_outlet, Gone _gone) noexcept
    : outlet(std::move(_outlet)), gone(_gone),
      writable(loop, loop::Priority::MESSAGES,
               loop::FdEvent::Callback::Make<&Drain::OnWritable>(*this)),
      flush_event(loop, util::Bind<&Drain::Flush>(*this)) {
    outlet.OnKept(util::Bind<&Drain::OnKept>(*this));
}

void Drain::Detach(Source &source) noexcept {
    std::erase(sources, &source);
    std::erase(waiting, &source);
}

bool Drain::MakeRoom() noexcept {
    if (outlet.IsCrowded()) {
        outlet.Flush();
        flush_event.Schedule(); // what has come of it is looked at there
    }
    return !outlet.IsCrowded();
}

void Drain::Flush() noexcept {
    outlet.Flush();
    // In turn, and only as many as there is room for: each goes to the end when it has to wait
    // again.
    while (!waiting.empty() && MakeRoom()) {
        Source &source = *waiting.front();
        waiting.pop_front();
        source.Resume();
    }
    AwaitReader();
    if (IsClosed())
        CloseSources();
    if (on_flushed)
        on_flushed(*this);
}

void Drain::Replace(sys::UniqueFd fd) noexcept {
    writable.Cancel(); // the old descriptor is about to be closed
    outlet.Replace(std::move(fd));
    Flush();
}

void Drain::AwaitReader() noexcept {
    if (outlet.HasRoom()) {
        writable.Cancel();
        return;
    }
    if (writable.IsWatching())
        return;
    try {
        writable.Watch(outlet.Pollable(), EPOLLOUT);
    } catch (const std::system_error &) {
        // Nothing will say when it can be written: the next line tries again.
    }
}

void Drain::CloseSources() noexcept {
    while (!sources.empty()) {
        Source &source = *sources.back();
        source.Close();
        Detach(source);
    }
}

} // namespace output
