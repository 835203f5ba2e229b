#include "adopt/Calls.hxx"

#include <array>
#include <cstddef>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace adopt {

namespace {

#if defined(__x86_64__)
constexpr unsigned X32 = 0x40000000; // __X32_SYSCALL_BIT
constexpr std::array<CallNumbers, 3> NUMBERS = {{
    {AUDIT_ARCH_X86_64, 49, 50, 54},
    {AUDIT_ARCH_X86_64, X32 + 49, X32 + 50, X32 + 541},
    {AUDIT_ARCH_I386, 361, 363, 366}, // those that go through socketcall(2) keep their own sockets
}};
#elif defined(__aarch64__)
constexpr std::array<CallNumbers, 2> NUMBERS = {{
    {AUDIT_ARCH_AARCH64, 200, 201, 208},
    {AUDIT_ARCH_ARM, 282, 284, 294},
}};
#else
constexpr std::array<CallNumbers, 0> NUMBERS = {}; // nothing is adopted
#endif

constexpr std::array<RecordedOption, 4> RECORDED = {{
    {IPPROTO_IPV6, IPV6_V6ONLY},
    {SOL_SOCKET, SO_REUSEPORT},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {IPPROTO_TCP, TCP_FASTOPEN},
}};

// The program: one block of six for each architecture and an end, one of four for each recorded pair, two ends.

constexpr std::size_t OPTIONS_AT = 6 * NUMBERS.size() + 1;
constexpr std::size_t ALLOW_AT = OPTIONS_AT + 4 * RECORDED.size();
constexpr std::size_t NOTIFY_AT = ALLOW_AT + 1;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__); // the low half of an argument comes first

constexpr sock_filter Load(std::size_t offset) {
    return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<__u32>(offset)};
}

/** Where it equals, on to instruction `yes`, else to `no`; `at` is its own place. */
constexpr sock_filter JumpIf(std::size_t at, unsigned value, std::size_t yes, std::size_t no) {
    return {BPF_JMP | BPF_JEQ | BPF_K, static_cast<__u8>(yes - at - 1),
            static_cast<__u8>(no - at - 1), value};
}

constexpr std::size_t Argument(unsigned index) {
    return offsetof(seccomp_data, args) + 8 * index;
}

constexpr std::array<sock_filter, NOTIFY_AT + 1> MakeFilter() {
    std::array<sock_filter, NOTIFY_AT + 1> code = {};
    std::size_t at = 0;
    for (const CallNumbers &numbers : NUMBERS) {
        const std::size_t next = at + 6;
        code[at] = Load(offsetof(seccomp_data, arch));
        code[at + 1] = JumpIf(at + 1, numbers.architecture, at + 2, next);
        code[at + 2] = Load(offsetof(seccomp_data, nr));
        code[at + 3] = JumpIf(at + 3, numbers.bind, NOTIFY_AT, at + 4);
        code[at + 4] = JumpIf(at + 4, numbers.listen, NOTIFY_AT, at + 5);
        code[at + 5] = JumpIf(at + 5, numbers.setsockopt, OPTIONS_AT, next);
        at = next;
    }
    code[at] = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    at = OPTIONS_AT;
    for (const RecordedOption &option : RECORDED) {
        const std::size_t next = at + 4;
        code[at] = Load(Argument(1));
        code[at + 1] = JumpIf(at + 1, static_cast<unsigned>(option.level), at + 2, next);
        code[at + 2] = Load(Argument(2));
        code[at + 3] = JumpIf(at + 3, static_cast<unsigned>(option.name), NOTIFY_AT, next);
        at = next;
    }
    code[ALLOW_AT] = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    code[NOTIFY_AT] = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF};
    return code;
}

constexpr auto FILTER = MakeFilter();
static_assert(FILTER.size() < 256); // jumps reach that far

} // namespace

std::span<const CallNumbers> KnownCallNumbers() noexcept {
    return NUMBERS;
}

std::optional<Call> FindCall(std::uint32_t architecture, int number) noexcept {
    for (const CallNumbers &numbers : NUMBERS) {
        if (numbers.architecture != architecture)
            continue;
        if (static_cast<unsigned>(number) == numbers.bind)
            return Call::BIND;
        if (static_cast<unsigned>(number) == numbers.listen)
            return Call::LISTEN;
        if (static_cast<unsigned>(number) == numbers.setsockopt)
            return Call::SETSOCKOPT;
    }
    return std::nullopt;
}

std::span<const RecordedOption> RecordedOptions() noexcept {
    return RECORDED;
}

std::span<const sock_filter> Filter() noexcept {
    return FILTER;
}

} // namespace adopt
