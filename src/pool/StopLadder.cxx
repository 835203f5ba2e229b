#include "pool/StopLadder.hxx"

#include <algorithm>

namespace pool {

void StopLadder::Request(const StopRequest &request) noexcept {
    const bool quick = request.kind == StopRequest::Kind::QUICK || request.workers_have_it;
    if (climbing) {
        if (request.impatient) {
            Kill();
        } else if (quick && delay_timer.IsPending()) {
            delay_timer.Cancel();
            on_signal();
        }
        return;
    }
    climbing = true;
    began = loop.Now();
    kill_timer.ScheduleAt(began + spec.timeout);
    if (quick || spec.delay.count() == 0)
        on_signal();
    else
        delay_timer.ScheduleAt(began + spec.delay);
}

bool StopLadder::IsImpatient(const StopRequest &request) const noexcept {
    return climbing && request.kind == StopRequest::Kind::GRACEFUL &&
           loop.Now() - began >= IMPATIENCE;
}

void StopLadder::Extend(std::chrono::milliseconds time) noexcept {
    if (climbing && !over)
        kill_timer.ScheduleAt(std::max(began + spec.timeout, loop.Now() + time));
}

void StopLadder::Kill() noexcept {
    over = true;
    on_kill();
}

} // namespace pool
