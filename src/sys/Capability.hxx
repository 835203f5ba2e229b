#pragma once

#include <cstdint>
#include <optional>

namespace sys {

/** The capability sets of the calling thread, one bit for each CAP_… of linux/capability.h. */
struct Capabilities {
    std::uint64_t effective = 0, permitted = 0, inheritable = 0;
};

/** As capget(2); nullopt where that is refused, by a seccomp filter for instance. */
std::optional<Capabilities> ReadCapabilities() noexcept;

/** As capset(2); false with errno where it is refused. */
bool SetCapabilities(const Capabilities &capabilities) noexcept;

/** Is it in the effective set? What a user namespace gives counts, wherever it holds. */
bool HasCapability(int capability) noexcept;

} // namespace sys
