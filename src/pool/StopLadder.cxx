#include "pool/StopLadder.hxx"

#include <algorithm>

namespace pool {

StopLadder::StopLadder(const Description &made, loop::Loop &_loop, const StopSpec &_spec,
                       util::BoundMethod<void()> _on_signal, util::BoundMethod<void()> _on_kill)
    : StopLadder(_loop, _spec, _on_signal, _on_kill) {
    began = made.began;
    over = made.over;
    if (made.signal)
        delay_timer.ScheduleAt(*made.signal);
    if (made.kill)
        kill_timer.ScheduleAt(*made.kill);
}

void StopLadder::Request(const StopRequest &request) noexcept {
    const bool quick = request.kind == StopRequest::Kind::QUICK || request.workers_have_it;
    if (began) {
        if (request.impatient) {
            Kill();
        } else if (quick && delay_timer.IsPending()) {
            delay_timer.Cancel();
            on_signal();
        }
        return;
    }
    began = loop.Now();
    kill_timer.ScheduleAt(*began + spec.timeout);
    if (quick || spec.delay.count() == 0)
        on_signal();
    else
        delay_timer.ScheduleAt(*began + spec.delay);
}

bool StopLadder::IsImpatient(const StopRequest &request) const noexcept {
    return began && request.kind == StopRequest::Kind::GRACEFUL &&
           loop.Now() - *began >= IMPATIENCE;
}

void StopLadder::Extend(std::chrono::milliseconds time) noexcept {
    if (began && !over)
        kill_timer.ScheduleAt(std::max(*began + spec.timeout, loop.Now() + time));
}

void StopLadder::Kill() noexcept {
    over = true;
    on_kill();
}

} // namespace pool
