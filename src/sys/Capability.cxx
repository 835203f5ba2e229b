#include "sys/Capability.hxx"

#include <array>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sys {

namespace {

// Version 3 has two words of 32 bits for each set.
using Words = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

constexpr std::uint64_t Join(std::uint32_t low, std::uint32_t high) noexcept {
    return low | static_cast<std::uint64_t>(high) << 32;
}

} // namespace

std::optional<Capabilities> ReadCapabilities() noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    Words words = {};
    if (syscall(SYS_capget, &header, words.data()) != 0)
        return std::nullopt;
    return Capabilities{Join(words[0].effective, words[1].effective),
                        Join(words[0].permitted, words[1].permitted),
                        Join(words[0].inheritable, words[1].inheritable)};
}

bool SetCapabilities(const Capabilities &capabilities) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    Words words = {};
    for (unsigned i = 0; i < words.size(); i++) {
        const unsigned shift = 32 * i;
        words[i] = {static_cast<std::uint32_t>(capabilities.effective >> shift),
                    static_cast<std::uint32_t>(capabilities.permitted >> shift),
                    static_cast<std::uint32_t>(capabilities.inheritable >> shift)};
    }
    return syscall(SYS_capset, &header, words.data()) == 0;
}

bool HasCapability(int capability) noexcept {
    const auto capabilities = ReadCapabilities();
    return capabilities && (capabilities->effective >> capability & 1) != 0;
}

} // namespace sys
