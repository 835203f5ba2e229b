#include "contract/Handover.hxx"

namespace contract {

Handover MakeHandover(std::span<const net::Exported> exports, spawn::ChildDescriptors &fds) {
    Handover handover;
    for (const net::Exported &exported : exports)
        handover.listeners.push_back({fds.Add(exported.socket), &exported.listener->Spec()});
    return handover;
}

std::optional<unsigned> Handover::FirstPort() const noexcept {
    for (const Handed &handed : listeners)
        if (handed.IsTcp())
            return handed.spec->at.address.Port();
    return std::nullopt;
}

} // namespace contract
