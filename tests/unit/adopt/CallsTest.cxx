#include "adopt/Calls.hxx"

#include <cstddef>
#include <cstring>
#include <doctest/doctest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

using namespace adopt;

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t NATIVE = AUDIT_ARCH_X86_64, OTHER = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t NATIVE = AUDIT_ARCH_AARCH64, OTHER = AUDIT_ARCH_X86_64;
#endif

/** What the filter says; the few instructions that it has, as linux/filter.h defines them. */
std::uint32_t Run(std::uint32_t architecture, long number, int level = 0, int name = 0) {
    seccomp_data data = {};
    data.arch = architecture;
    data.nr = static_cast<int>(number);
    // The upper halves are the caller's to fill: the kernel takes an int.
    data.args[1] = 0xABCD'0000'0000'0000 | static_cast<std::uint32_t>(level);
    data.args[2] = 0xABCD'0000'0000'0000 | static_cast<std::uint32_t>(name);
    const auto program = Filter();
    std::uint32_t a = 0;
    for (std::size_t pc = 0; pc < program.size(); pc++) {
        const sock_filter &in = program[pc];
        switch (in.code) {
        case BPF_LD | BPF_W | BPF_ABS:
            REQUIRE(in.k + sizeof(a) <= sizeof(data));
            std::memcpy(&a, reinterpret_cast<const char *>(&data) + in.k, sizeof(a));
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == in.k ? in.jt : in.jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += a >= in.k ? in.jt : in.jf;
            break;
        case BPF_RET | BPF_K:
            return in.k;
        default:
            FAIL("an instruction that is not expected");
        }
    }
    FAIL("ran over the end");
    return 0;
}

} // namespace

TEST_CASE("bind and listen notify") {
    CHECK(Run(NATIVE, SYS_bind) == SECCOMP_RET_USER_NOTIF);
    CHECK(Run(NATIVE, SYS_listen) == SECCOMP_RET_USER_NOTIF);
    CHECK(FindCall(NATIVE, SYS_bind) == Call::BIND);
    CHECK(FindCall(NATIVE, SYS_listen) == Call::LISTEN);
    CHECK(FindCall(NATIVE, SYS_setsockopt) == Call::SETSOCKOPT);
    CHECK_FALSE(FindCall(NATIVE, SYS_connect));
    CHECK_FALSE(FindCall(OTHER, SYS_bind));
}

TEST_CASE("of setsockopt only the recorded pairs notify") {
    for (const RecordedOption &option : RecordedOptions())
        CHECK(Run(NATIVE, SYS_setsockopt, option.level, option.name) == SECCOMP_RET_USER_NOTIF);
    CHECK(Run(NATIVE, SYS_setsockopt, IPPROTO_TCP, TCP_NODELAY) == SECCOMP_RET_ALLOW);
    CHECK(Run(NATIVE, SYS_setsockopt, SOL_SOCKET, SO_REUSEADDR) == SECCOMP_RET_ALLOW);
    // The number of one level's option at another level
    CHECK(Run(NATIVE, SYS_setsockopt, IPPROTO_TCP, IPV6_V6ONLY) == SECCOMP_RET_ALLOW);
    CHECK(Run(NATIVE, SYS_setsockopt, IPPROTO_IPV6, SO_REUSEPORT) == SECCOMP_RET_ALLOW);
}

TEST_CASE("all other calls are allowed") {
    for (const CallNumbers &numbers : KnownCallNumbers())
        for (int number = -2; number < 600; number++)
            if (!FindCall(numbers.architecture, number))
                CHECK(Run(numbers.architecture, number) == SECCOMP_RET_ALLOW);
}

TEST_CASE("each architecture of the kernel has its own numbers, an unknown one is left alone") {
    for (const CallNumbers &numbers : KnownCallNumbers()) {
        CHECK(Run(numbers.architecture, numbers.bind) == SECCOMP_RET_USER_NOTIF);
        CHECK(Run(numbers.architecture, numbers.listen) == SECCOMP_RET_USER_NOTIF);
        CHECK(Run(numbers.architecture, numbers.setsockopt, SOL_SOCKET, SO_REUSEPORT) ==
              SECCOMP_RET_USER_NOTIF);
        CHECK(Run(numbers.architecture, numbers.setsockopt, SOL_SOCKET, SO_ERROR) ==
              SECCOMP_RET_ALLOW);
        CHECK(FindCall(numbers.architecture, static_cast<int>(numbers.bind)) == Call::BIND);
    }
    for (int number = 0; number < 600; number++)
        CHECK(Run(OTHER, number) == SECCOMP_RET_ALLOW);
}

#if defined(__x86_64__)
TEST_CASE("i386 and x32 beside x86-64") {
    CHECK(FindCall(AUDIT_ARCH_I386, 361) == Call::BIND);
    CHECK(FindCall(AUDIT_ARCH_X86_64, 0x40000000 + 49) == Call::BIND);
    // bind of x86-64 is another call of i386.
    CHECK(Run(AUDIT_ARCH_I386, SYS_bind) == SECCOMP_RET_ALLOW);
}
#endif
