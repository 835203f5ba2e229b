#include "spawn/StartChannel.hxx"
#include "spawn/child/Child.hxx"
#include "sys/UnixDatagram.hxx"

#include <cerrno>
#include <cstring>

namespace spawn {

StartChannel::State StartChannel::Look() noexcept {
    while (state == State::PENDING && ReadOne()) {
    }
    return state;
}

/** One packet, or the end; false if there is nothing more to read now. */
bool StartChannel::ReadOne() noexcept {
    auto packet = sys::ReceiveDatagram(fd, sizeof(ChildReport), sys::Wait::NO);
    if (!packet) {
        if (errno != EAGAIN) // the kernel cannot give it to us: no memory
            Abandon({ExecStage::FILTER, errno});
        return false;
    }
    if (packet->text.empty()) {
        state = State::EXECUTED;
        return false;
    }
    ChildReport report = {};
    if (packet->text.size() != sizeof(report))
        return true;
    std::memcpy(&report, packet->text.data(), sizeof(report));
    switch (report.kind) {
    case ChildReport::Kind::FILTER:
        if (packet->descriptors.empty()) // no number was left for it: nobody could answer its calls
            Abandon({ExecStage::FILTER, EMFILE});
        else
            launched.notify = std::move(packet->descriptors.front());
        break;
    case ChildReport::Kind::NO_FILTER:
        launched.filter_error = report.error;
        break;
    case ChildReport::Kind::FAILED:
        Abandon({report.stage, report.error});
        break;
    }
    return true;
}

void StartChannel::Abandon(const LaunchFailure &_failure) noexcept {
    failure = _failure;
    state = State::FAILED;
    launched = {};
}

} // namespace spawn
