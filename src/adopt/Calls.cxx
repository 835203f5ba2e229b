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

// The program: a block for each architecture, one of four for each recorded pair, two ends. What is allowed is to be
// found out soon: when it is loaded the kernel runs it for every number (Linux 5.11), so a start pays for each step.

/** Does the row before have the same architecture? Its numbers are lower then. */
constexpr bool Continues(std::size_t row) {
    return row != 0 && row < NUMBERS.size() &&
           NUMBERS[row].architecture == NUMBERS[row - 1].architecture;
}

/** Instructions of a row: of the first of an architecture, and where another one follows it. */
constexpr std::size_t RowSize(std::size_t row) {
    return (Continues(row) ? 3 : 6) + (Continues(row + 1) ? 1 : 0);
}

constexpr std::size_t RowsSize() {
    std::size_t size = 0;
    for (std::size_t row = 0; row < NUMBERS.size(); row++)
        size += RowSize(row);
    return size;
}

constexpr std::size_t OPTIONS_AT = RowsSize();
constexpr std::size_t ALLOW_AT = OPTIONS_AT + 4 * RECORDED.size();
constexpr std::size_t NOTIFY_AT = ALLOW_AT + 1;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__); // the low half of an argument comes first

constexpr sock_filter Load(std::size_t offset) {
    return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<__u32>(offset)};
}

/** Where the comparison holds, on to instruction `yes`, else to `no`; `at` is its own place. */
constexpr sock_filter JumpIf(unsigned comparison, std::size_t at, unsigned value, std::size_t yes,
                             std::size_t no) {
    return {static_cast<__u16>(BPF_JMP | comparison | BPF_K), static_cast<__u8>(yes - at - 1),
            static_cast<__u8>(no - at - 1), value};
}

constexpr std::size_t Argument(unsigned index) {
    return offsetof(seccomp_data, args) + 8 * index;
}

/** Where the block of the next architecture begins. */
constexpr std::size_t NextBlock(std::size_t row, std::size_t at) {
    do
        at += RowSize(row++);
    while (Continues(row));
    return row < NUMBERS.size() ? at : ALLOW_AT;
}

constexpr std::array<sock_filter, NOTIFY_AT + 1> MakeFilter() {
    std::array<sock_filter, NOTIFY_AT + 1> code = {};
    std::size_t at = 0;
    for (std::size_t row = 0; row < NUMBERS.size(); row++) {
        const CallNumbers &numbers = NUMBERS[row];
        if (!Continues(row)) {
            const std::size_t next = NextBlock(row, at);
            code[at] = Load(offsetof(seccomp_data, arch));
            code[at + 1] = JumpIf(BPF_JEQ, at + 1, numbers.architecture, at + 2, next);
            code[at + 2] = Load(offsetof(seccomp_data, nr));
            at += 3;
        }
        const bool last = !Continues(row + 1);
        code[at] = JumpIf(BPF_JEQ, at, numbers.bind, NOTIFY_AT, at + 1);
        code[at + 1] = JumpIf(BPF_JEQ, at + 1, numbers.listen, NOTIFY_AT, at + 2);
        code[at + 2] =
            JumpIf(BPF_JEQ, at + 2, numbers.setsockopt, OPTIONS_AT, last ? ALLOW_AT : at + 3);
        at += 3;
        if (!last) {
            code[at] = JumpIf(BPF_JGE, at, NUMBERS[row + 1].bind, at + 1, ALLOW_AT);
            at++;
        }
    }
    for (const RecordedOption &option : RECORDED) {
        const std::size_t next = at + 4;
        code[at] = Load(Argument(1));
        code[at + 1] = JumpIf(BPF_JEQ, at + 1, static_cast<unsigned>(option.level), at + 2, next);
        code[at + 2] = Load(Argument(2));
        code[at + 3] = JumpIf(BPF_JEQ, at + 3, static_cast<unsigned>(option.name), NOTIFY_AT, next);
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
