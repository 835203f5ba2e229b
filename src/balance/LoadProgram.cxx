#include "balance/LoadProgram.hxx"
#include "balance/SteeringSkeleton.hxx"
#include "sys/Confinement.hxx"
#include "sys/Error.hxx"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <span>
#include <sys/syscall.h>
#include <unistd.h>

namespace balance {

namespace {

struct Attempt {
    bool reads_queues, migrates;
};

/** The best first. */
constexpr std::array<Attempt, 3> ATTEMPTS = {{{true, true}, {false, true}, {false, false}}};

int SayNothing(libbpf_print_level, const char *, va_list) {
    return 0;
}

sys::UniqueFd Duplicate(int fd) {
    return {sys::AdoptTag(), fcntl(fd, F_DUPFD_CLOEXEC, 3)};
}

/** Has the kernel the function that lets the program read queues? A weak one that it has not is no
 *  call any more after the load. */
bool CallsKernel(const bpf_program *program) {
    const std::span code(bpf_program__insns(program), bpf_program__insn_cnt(program));
    return std::any_of(code.begin(), code.end(), [](const bpf_insn &instruction) {
        return instruction.code == (BPF_JMP | BPF_CALL) &&
               instruction.src_reg == BPF_PSEUDO_KFUNC_CALL && instruction.imm > 0;
    });
}

/** Returns 0 or errno. */
int Try(Kind kind, const Attempt &attempt, KernelProgram &into) {
    const SteeringObject object(steering__open());
    if (!object)
        return errno;
    bpf_program *rr = object->progs.rr, *flow = object->progs.flow;
    bpf_program *wanted = kind == Kind::ROUND_ROBIN ? rr : flow;
    bpf_program__set_autoload(kind == Kind::ROUND_ROBIN ? flow : rr, false);
    if (!attempt.migrates)
        bpf_program__set_expected_attach_type(rr, BPF_SK_REUSEPORT_SELECT);
    object->rodata->reads_queues = attempt.reads_queues;
    if (const int error = steering__load(object.get()); error != 0)
        return -error;
    into.program = Duplicate(bpf_program__fd(wanted));
    into.sockets = Duplicate(bpf_map__fd(object->maps.sockets));
    into.state = Duplicate(bpf_map__fd(object->maps.bss));
    into.reads_queues = attempt.reads_queues && CallsKernel(wanted);
    into.migrates = attempt.migrates && kind == Kind::ROUND_ROBIN;
    return into.program.IsDefined() && into.sockets.IsDefined() && into.state.IsDefined() ? 0
                                                                                          : errno;
}

/**
 * Does a seccomp filter answer bpf(2)? The kernel knows no such command, and says that to a process
 * with CAP_BPF. A filter looks at the number of the call alone, and refuses it.
 */
bool IsFiltered() noexcept {
    return sys::HasSeccompFilter() && syscall(SYS_bpf, -1, nullptr, 0) < 0 &&
           (errno == EPERM || errno == ENOSYS);
}

/** Why the kernel takes none of the programs. */
std::string Explain(int error) {
    if (IsFiltered())
        return "a seccomp filter refuses bpf(2), as those of some container runtimes do: "
               "--security-opt seccomp=FILE gives the container another one";
    return fmt::format("the kernel takes no program for it: {}", sys::ErrnoText(error));
}

} // namespace

bool IsBuiltWithBpf() noexcept {
    return true;
}

Loaded LoadProgram(Kind kind, bool may_trace) {
    libbpf_set_print(SayNothing);
    Loaded loaded;
    int error = 0, better = 0;
    for (const Attempt &attempt : ATTEMPTS) {
        const bool useless = attempt.reads_queues && (kind == Kind::FLOW || !may_trace);
        if (useless)
            continue;
        error = Try(kind, attempt, loaded.program);
        if (error == 0)
            break;
        better = error;
    }
    if (error != 0) {
        loaded.program = {};
        loaded.lacks = Explain(error);
    } else if (kind == Kind::ROUND_ROBIN && !loaded.program.reads_queues) {
        loaded.lacks =
            !may_trace
                ? "skipping busy workers needs CAP_PERFMON, as from docker run --cap-add PERFMON"
            : better != 0
                ? fmt::format("the kernel does not let it see queues: {}", sys::ErrnoText(better))
                : "skipping busy workers needs Linux 6.2";
    }
    return loaded;
}

} // namespace balance
