#include "net/Sibling.hxx"

namespace net {

std::optional<Endpoint> SiblingOf(const Endpoint &at, int family) noexcept {
    Endpoint sibling = at;
    sibling.both_families = false;
    if (at.address.Family() == AF_INET6 && family == AF_INET) {
        if (at.both_families)
            sibling.address = Address::Any(AF_INET, at.address.Port().value_or(0));
        else if (at.address.IsV4Mapped())
            sibling.address = at.address.Unmapped();
        else
            return std::nullopt;
        return sibling;
    }
    if (at.address.Family() == AF_INET && family == AF_INET6) {
        sibling.both_families = at.address.IsWildcard();
        sibling.address = sibling.both_families
                              ? Address::Any(AF_INET6, at.address.Port().value_or(0))
                              : at.address.Mapped();
        return sibling;
    }
    return std::nullopt;
}

} // namespace net
