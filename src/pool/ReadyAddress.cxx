#include "pool/ReadyAddress.hxx"

namespace pool {

namespace {

net::Address InIpv4(const net::Address &address) noexcept {
    return address.IsV4Mapped() ? address.Unmapped() : address;
}

} // namespace

bool ReadyAddress::IsServedAt(const net::Endpoint &other) const noexcept {
    if (other.type != at.type || other.address.Port() != at.address.Port())
        return false;
    if (!at.address.Port())
        return other.address == at.address || (!path.empty() && other.address.Host() == path);
    if (at.both_families || other.both_families)
        return true;
    const net::Address wanted = InIpv4(at.address), found = InIpv4(other.address);
    return found == wanted || (found.IsWildcard() && found.Family() == wanted.Family());
}

bool ReadyAddress::IsServedBy(const net::Listener &listener) const {
    return IsServedAt(listener.Spec().at) || (!path.empty() && listener.Where() == path);
}

} // namespace pool
