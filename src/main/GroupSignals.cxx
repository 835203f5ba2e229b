#include "main/GroupSignals.hxx"

#include <system_error>
#include <utility>

namespace launcher {

namespace {

constexpr std::chrono::milliseconds PATIENCE{50}; // at the end, with a process that was killed

} // namespace

GroupSignals::~GroupSignals() noexcept {
    if (witness)
        witness->End(PATIENCE);
}

bool GroupSignals::GroupHas(int signo) noexcept {
    const std::uint64_t bit = std::uint64_t(1) << (signo - 1);
    const bool seen = witness && witness->Saw(signo);
    if (!seen && (unasked & bit) == 0)
        return false;
    if (seen)
        Begin(); // in that one the signal stays pending for ever
    unasked &= ~bit;
    return true;
}

/** Without a witness each signal counts as one to the launcher alone. */
void GroupSignals::Begin() noexcept {
    try {
        // The new one is there before the old one goes: no signal is between them. The old
        // one may have seen signals that nobody has asked for yet.
        auto next = std::make_unique<sys::GroupWitness>();
        if (witness)
            unasked |= witness->Pending();
        witness = std::move(next);
    } catch (const std::system_error &) {
        witness.reset();
        return;
    }
    reaper.Disown(child);
    child = reaper.AddCompanion(sys::Process(witness->Pid()),
                                pool::Reaper::OnEnd::Make<&GroupSignals::OnEnd>(*this));
}

void GroupSignals::OnEnd(pool::ExitStatus) noexcept {
    witness.reset();
    timer.Schedule(RENEWAL);
}

} // namespace launcher
