#include "main/GroupSignals.hxx"

#include <system_error>

namespace launcher {

namespace {

constexpr std::chrono::milliseconds PATIENCE{50}; // at the end, with a process that was killed

} // namespace

GroupSignals::~GroupSignals() noexcept {
    if (witness)
        witness->End(PATIENCE);
}

bool GroupSignals::GroupHas(int signo) noexcept {
    if (!witness || !witness->Saw(signo))
        return false;
    Begin(); // in that one the signal stays pending for ever
    return true;
}

/** Without a witness each signal counts as one to the launcher alone. */
void GroupSignals::Begin() noexcept {
    try {
        // The new one is there before the old one goes: no signal is between them.
        witness = std::make_unique<sys::GroupWitness>();
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
