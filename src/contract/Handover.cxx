#include "contract/Handover.hxx"

namespace contract {

Handover MakeHandover(std::span<const net::Exported> exports) {
    Handover handover;
    int fd = Handover::FIRST_FD;
    for (const net::Exported &exported : exports)
        handover.listeners.push_back({fd++, &exported.listener->Spec()});
    return handover;
}

std::optional<unsigned> Handover::FirstPort() const noexcept {
    for (const Handed &handed : listeners)
        if (handed.IsTcp())
            return handed.spec->at.address.Port();
    return std::nullopt;
}

} // namespace contract
