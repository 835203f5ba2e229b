#include "spawn/Start.hxx"

#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <utility>

namespace spawn {

Start::Start(loop::Loop &loop, StartChannel _channel, LaunchSpec _spec,
             util::BoundMethod<void()> _on_settled)
    : channel(std::move(_channel)), spec(std::move(_spec)), on_settled(_on_settled),
      event(loop, loop::Priority::MESSAGES,
            loop::FdEvent::Callback::Make<&Start::OnReadable>(*this)),
      limit(loop, util::Bind<&Start::Abandon>(*this)) {
    if (channel.GetState() != State::PENDING)
        return;
    try {
        event.Watch(channel.Descriptor(), EPOLLIN);
        limit.Schedule(LIMIT);
    } catch (const std::system_error &error) {
        channel.Abandon({ExecStage::DESCRIPTORS, error.code().value()});
    }
}

Start::State Start::Look() noexcept {
    if (settled)
        return channel.GetState();
    if (channel.GetState() == State::PENDING && channel.Look() == State::PENDING)
        return State::PENDING;
    Settle();
    return channel.GetState();
}

void Start::Abandon() noexcept {
    if (Look() != State::PENDING)
        return;
    channel.Abandon({ExecStage::EXEC, ETIMEDOUT});
    Settle();
}

void Start::Settle() noexcept {
    settled = true;
    event.Cancel();
    channel.Close();
    limit.Cancel();
    on_settled();
}

} // namespace spawn
