#include "unit/pool/Kernel.hxx"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace {

std::string sent;
std::deque<siginfo_t> ended;
int children = 0;

} // namespace

// These stand in place of the C library's in the whole program.

extern "C" __attribute__((visibility("default"))) int kill(pid_t pid, int signo) noexcept {
    sent.append(sigabbrev_np(signo)).append(" ").append(std::to_string(pid)).append(" ");
    return 0;
}

extern "C" __attribute__((visibility("default"))) pid_t getpgid(pid_t) noexcept {
    return getpgrp();
}

extern "C" __attribute__((visibility("default"))) int waitid(idtype_t, id_t, siginfo_t *info, int) {
    if (!ended.empty()) {
        *info = ended.front();
        ended.pop_front();
        children--;
        return 0;
    }
    if (children > 0) {
        info->si_pid = 0;
        return 0;
    }
    errno = ECHILD;
    return -1;
}

namespace kernel {

namespace {

void Add(pid_t pid, int code, int status) {
    siginfo_t info = {};
    info.si_pid = pid;
    info.si_code = code;
    info.si_status = status;
    ended.push_back(info);
}

} // namespace

void Reset() {
    sent.clear();
    ended.clear();
    children = 0;
}

std::string TakeSignals() {
    return std::exchange(sent, {});
}

void Exit(pid_t pid, int status) {
    Add(pid, CLD_EXITED, status);
}

void Die(pid_t pid, int signo) {
    Add(pid, CLD_KILLED, signo);
}

void SetChildren(int count) {
    children = count;
}

} // namespace kernel
