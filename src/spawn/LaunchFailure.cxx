#include "spawn/Launcher.hxx"
#include "sys/Error.hxx"
#include "util/Text.hxx"

#include <fmt/format.h>

#include <cerrno>
#include <unistd.h>

namespace spawn {

namespace {

/** What an errno of a stage means to somebody who typed a command; empty: nothing to add. */
std::string Explain(const LaunchFailure &failure, const LaunchSpec &spec) {
    const bool is_path = spec.paths.size() == 1 && spec.paths[0].find('/') != std::string::npos;
    switch (failure.stage) {
    case ExecStage::EXEC:
        if (failure.error == ENOENT && is_path && access(spec.paths[0].c_str(), F_OK) == 0)
            return "the interpreter it names is missing";
        if (failure.error == ENOENT)
            return is_path ? "" : "it is in no directory of PATH";
        if (failure.error == EACCES)
            return "it must be a file with the executable bit, in a directory that may be entered";
        if (failure.error == ENOEXEC)
            return "it is made for another kind of machine, or it is a script and there is no "
                   "/bin/sh";
        if (failure.error == ETIMEDOUT)
            return "it did not get that far within 10 s; does a file system not answer?";
        return "";
    case ExecStage::GROUPS:
    case ExecStage::GID:
    case ExecStage::UID:
        return failure.error == EPERM ? "only root with CAP_SETUID and CAP_SETGID can run workers "
                                        "as another user or group"
                                      : "";
    case ExecStage::CLONE:
        return failure.error == EAGAIN
                   ? "the limit of processes is reached: ulimit -u, or pids.max of the cgroup"
                   : "";
    case ExecStage::FILTER:
    case ExecStage::DESCRIPTORS:
        return failure.error == EMFILE || failure.error == EBADF
                   ? "the limit of descriptors is reached: ulimit -n"
                   : "";
    case ExecStage::AFFINITY:
        return failure.error == EINVAL ? "no such CPU, or not one that this process may use" : "";
    case ExecStage::GROUP:
    case ExecStage::DIRECTORY:
    case ExecStage::CAPABILITIES:
    case ExecStage::DEATH_SIGNAL:
    case ExecStage::LIMITS:
    case ExecStage::MASK:
        return "";
    }
    return "";
}

} // namespace

std::string Describe(const LaunchFailure &failure, const LaunchSpec &spec) {
    const auto &stage = EXEC_STAGE_TABLE[static_cast<std::size_t>(failure.stage)];
    std::string text =
        fmt::format("cannot start {}: cannot {}", util::Quote(spec.argv[0]), stage.help);
    if (failure.stage == ExecStage::DIRECTORY)
        text.append(" ").append(util::Quote(spec.directory));
    text.append(": ").append(sys::ErrnoText(failure.error));
    if (const std::string hint = Explain(failure, spec); !hint.empty())
        text.append(" (").append(hint).append(")");
    return text;
}

} // namespace spawn
