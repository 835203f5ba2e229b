#include "pool/Readiness.hxx"

#include <algorithm>

namespace pool {

namespace {

/** Programs listen on unix sockets in private, too; but then no two of them on the same. */
bool Serves(const net::Listener &listener) noexcept {
    const net::Endpoint &at = listener.Spec().at;
    if (at.type != SOCK_STREAM)
        return false;
    const auto &seats = listener.Seats();
    return at.address.Port() ||
           std::count_if(seats.begin(), seats.end(),
                         [](const net::Seat &seat) { return seat.serving; }) > 1;
}

} // namespace

void Readiness::OnOnline(Worker &worker) {
    if (!serving)
        return;
    if (rule.Accept(Sign::EXEC))
        worker.BecomeReady(Sign::EXEC);
    worker.LimitStart(rule.Timeout());
}

void Readiness::BeginForAll() {
    for (const auto &slot : slots.All()) {
        Worker *worker = slot->Workers().Current();
        if (worker == nullptr || worker->State() != WorkerState::STARTING)
            continue;
        if (worker->Listens()) // on a unix socket, when that did not matter
            Ready(worker->Ref(), Sign::LISTEN);
        else
            worker->LimitStart(rule.Timeout());
    }
}

void Readiness::Ready(const WorkerRef &ref, Sign sign) noexcept {
    if (!serving)
        return;
    const bool accepted = rule.Accept(sign);
    if (Worker *worker = slots.Find(ref); worker != nullptr && accepted)
        worker->BecomeReady(sign);
}

int Readiness::Listening(const WorkerRef &ref, net::Listener &listener, How how) noexcept {
    Worker *worker = slots.Find(ref);
    if (worker == nullptr || !HasProcess(worker->State()))
        return 0;
    const int error = worker->Listen(listener, how);
    if (!serving && !stopping && how == How::ADOPTED && Serves(listener)) {
        serving = true;
        on_served();
    }
    if (serving && rule.AcceptListening(listener))
        worker->BecomeReady(Sign::LISTEN);
    return error;
}

void Readiness::ListeningAlone(const WorkerRef &ref, const net::Endpoint &at) noexcept {
    if (Worker *worker = slots.Find(ref);
        worker != nullptr && serving && rule.AcceptListeningAlone(at))
        worker->BecomeReady(Sign::LISTEN);
}

bool Readiness::IsStarting(const WorkerRef &ref) const noexcept {
    const Worker *worker = slots.Find(ref);
    return worker != nullptr && worker->State() == WorkerState::STARTING;
}

void Readiness::Stopping(const WorkerRef &ref) noexcept {
    if (Worker *worker = slots.Find(ref))
        worker->Withdraw();
}

void Readiness::Extend(const WorkerRef &ref, std::chrono::milliseconds time) noexcept {
    if (Worker *worker = slots.Find(ref); worker != nullptr && HasProcess(worker->State()))
        worker->Extend(time);
}

} // namespace pool
