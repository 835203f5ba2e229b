#include "harness/Skip.hxx"
#include "harness/Wait.hxx"
#include "spawn/CloneLauncher.hxx"
#include "spawn/CommandSearch.hxx"
#include "sys/Capability.hxx"
#include "sys/File.hxx"
#include "sys/OtherProcess.hxx"
#include "sys/SeccompNotify.hxx"
#include "unit/BindFilter.hxx"
#include "unit/Forked.hxx"
#include "unit/Pipe.hxx"
#include "unit/spawn/Launch.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>

using namespace spawn;

namespace {

constexpr uid_t NOBODY = 65534;

/** Reports chdir(2), which `cd` is in every shell. */
constexpr std::array<sock_filter, 6> CD_FILTER = [] {
    auto filter = unit::BIND_FILTER;
    filter[3].k = SYS_chdir;
    return filter;
}();

LaunchSpec Shell(const std::string &script) {
    LaunchSpec spec;
    spec.argv = {"sh", "-c", script};
    spec.env.Set("PATH", "/usr/bin:/bin");
    spec.paths = CommandPaths("sh", "/usr/bin:/bin");
    getrlimit(RLIMIT_NOFILE, &spec.descriptor_limit);
    spec.filter = CD_FILTER;
    spec.no_new_privs = !sys::HasCapability(CAP_SYS_ADMIN);
    return spec;
}

/** A worker whose standard output comes here. */
struct Worker {
    explicit Worker(LaunchSpec spec, CloneLauncher &launcher) {
        spec.fds.Put(pipe.writer, STDOUT_FILENO);
        auto result = unit::LaunchAndWait(launcher, spec);
        auto *started = std::get_if<unit::Executed>(&result);
        REQUIRE_MESSAGE(started != nullptr, Describe(std::get<LaunchFailure>(result), spec));
        launched = std::move(*started);
    }

    ~Worker() {
        if (status < 0) {
            kill(launched.pid, SIGKILL);
            waitpid(launched.pid, nullptr, 0);
        }
    }

    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;

    /** What it says until its end. */
    std::string Output() {
        std::string output = pipe.ReadToEnd();
        REQUIRE(waitpid(launched.pid, &status, 0) == launched.pid);
        return output;
    }

    unit::Executed launched = {};
    int status = -1;
    unit::Pipe pipe;
};

sys::Notification Receive(sys::SeccompNotify &notify) {
    pollfd source = {notify.Descriptor().Get(), POLLIN, 0};
    REQUIRE(poll(&source, 1, 60'000) == 1);
    const auto call = notify.Receive();
    REQUIRE(call);
    return *call;
}

/** Where whoever runs this has a listener of its own, there is none for us. */
#define NEED_LISTENER(worker)                                                                      \
    do {                                                                                           \
        if ((worker).launched.filter_error != 0)                                                   \
            HARNESS_SKIP(strerrordesc_np((worker).launched.filter_error));                         \
        REQUIRE((worker).launched.notify.IsDefined());                                             \
    } while (false)

std::size_t OpenDescriptors() {
    std::size_t count = 0;
    for (int fd = 0; fd < 300; fd++)
        count += unit::IsOpen(fd);
    return count;
}

bool HasWaitKillable() {
    utsname system = {};
    unsigned major = 0, minor = 0;
    uname(&system);
    return std::sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
           (major > 5 || (major == 5 && minor >= 19));
}

} // namespace

TEST_CASE("a filter's calls come to the launcher") {
    CloneLauncher launcher;
    Worker worker(Shell("cd /nowhere 2>/dev/null && pwd"), launcher);
    NEED_LISTENER(worker);
    CHECK((fcntl(worker.launched.notify.Get(), F_GETFD) & FD_CLOEXEC) != 0);
    sys::SeccompNotify notify(std::move(worker.launched.notify));
    const sys::Notification call = Receive(notify);
    CHECK(call.tid == worker.launched.pid);
    CHECK(call.nr == SYS_chdir);
    std::array<char, 9> path = {};
    CHECK(sys::OtherProcess(call.tid).ReadMemory(call.args[0],
                                                 std::as_writable_bytes(std::span(path))) == 0);
    CHECK(std::string_view(path.data()) == "/nowhere");
    CHECK(notify.Return(call.id)); // it believes that
    CHECK(worker.Output().starts_with("/"));
    CHECK(worker.status == 0);
}

TEST_CASE("each worker has its own listener, also after a start that failed behind the filter") {
    CloneLauncher launcher;
    {
        const Worker first(Shell("exit 0"), launcher);
        NEED_LISTENER(first);
    }
    const std::size_t before = OpenDescriptors();
    LaunchSpec broken = Shell("");
    broken.paths = {"/nonexistent/sh"};
    for (int i = 0; i < 3; i++) {
        const auto result = unit::LaunchAndWait(launcher, broken);
        const auto *failure = std::get_if<LaunchFailure>(&result);
        REQUIRE(failure != nullptr);
        CHECK(failure->stage == ExecStage::EXEC);
        CHECK(failure->error == ENOENT);
        CHECK(OpenDescriptors() == before);
    }
    broken.own_group = false;
    Worker one(Shell("cd /one"), launcher), other(Shell("cd /other"), launcher);
    for (Worker *worker : {&one, &other}) {
        sys::SeccompNotify notify(std::move(worker->launched.notify));
        const sys::Notification call = Receive(notify);
        CHECK(call.tid == worker->launched.pid);
        CHECK(notify.Return(call.id));
        worker->Output();
    }
    CHECK(OpenDescriptors() == before + 2); // the readers of the two pipes
}

TEST_CASE("nothing of it is left in the worker") {
    const std::string census =
        "i=0; while [ $i -lt 300 ]; do [ -e /proc/self/fd/$i ] && readlink /proc/$$/fd/$i "
        "| sed 's/[0-9]*]$/]/'; i=$((i+1)); done; grep Seccomp: /proc/self/status";
    CloneLauncher launcher;
    LaunchSpec plain = Shell(census);
    plain.filter = {};
    const std::string without = Worker(plain, launcher).Output();
    Worker worker(Shell(census), launcher);
    NEED_LISTENER(worker);
    std::string with = worker.Output();
    CHECK(with.find("seccomp") == std::string::npos);
    CHECK(with.find("socket") == std::string::npos);
    if (without.ends_with("Seccomp:\t0\n")) {
        REQUIRE(with.ends_with("Seccomp:\t2\n"));
        with.replace(with.size() - 2, 1, "0");
    }
    CHECK(with == without);
}

TEST_CASE("when the launcher's end is closed, the calls fail instead of waiting for ever") {
    CloneLauncher launcher;
    LaunchSpec spec = Shell("read line; cd / 2>/dev/null || echo refused");
    unit::Pipe go;
    spec.fds = {{go.reader.Get(), STDIN_FILENO}};
    Worker worker(std::move(spec), launcher);
    NEED_LISTENER(worker);
    worker.launched.notify.Close();
    go.writer.Close();
    CHECK(worker.Output() == "refused\n");
}

TEST_CASE("no_new_privs where it is asked for, with a filter only") {
    const std::string script = "grep NoNewPrivs /proc/self/status";
    CloneLauncher launcher;
    LaunchSpec spec = Shell(script);
    spec.no_new_privs = true;
    {
        Worker worker(spec, launcher);
        CHECK(worker.Output() == "NoNewPrivs:\t1\n");
    }
    spec.filter = {};
    CHECK(Worker(spec, launcher).Output() ==
          (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "NoNewPrivs:\t1\n" : "NoNewPrivs:\t0\n"));
    if (!sys::HasCapability(CAP_SYS_ADMIN) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        HARNESS_SKIP("without it: needs CAP_SYS_ADMIN");
    CHECK(Worker(Shell(script), launcher).Output() == "NoNewPrivs:\t0\n");
}

TEST_CASE("a launcher without rights needs no_new_privs; without it the worker runs unfiltered") {
    CHECK(unit::InFork([] {
              if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
                  return 1;
              CloneLauncher launcher;
              LaunchSpec spec = Shell("exit 0");
              for (const bool no_new_privs : {false, true}) {
                  spec.no_new_privs = no_new_privs;
                  auto result = unit::LaunchAndWait(launcher, spec);
                  auto *launched = std::get_if<unit::Executed>(&result);
                  FORKED_CHECK(launched != nullptr);
                  int status = -1;
                  FORKED_CHECK(waitpid(launched->pid, &status, 0) == launched->pid && status == 0);
                  if (launched->filter_error == EBUSY)
                      return 0; // we run under a listener ourselves
                  const bool refused = !no_new_privs && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
                  FORKED_CHECK(launched->filter_error == (refused ? EACCES : 0));
                  FORKED_CHECK(launched->notify.IsDefined() == !refused);
              }
              return 0;
          }) == 0);
}

TEST_CASE("the filter comes before the change of the user") {
    if (getuid() != 0)
        HARNESS_SKIP("needs root");
    CloneLauncher launcher;
    LaunchSpec spec = Shell("cd / || id -u");
    spec.ids = {NOBODY, NOBODY, std::vector<gid_t>{}};
    Worker worker(spec, launcher);
    NEED_LISTENER(worker);
    sys::SeccompNotify notify(std::move(worker.launched.notify));
    const sys::Notification call = Receive(notify);
    CHECK(sys::ReadProcessIds(call.tid).value().uid == NOBODY);
    CHECK(notify.Fail(call.id, EACCES));
    CHECK(worker.Output() == "65534\n");
}

TEST_CASE(
    "where a listener is there already, and where the filter is none, the worker runs without") {
    CHECK(unit::InFork([] {
              const sock_fprog program = {CD_FILTER.size(),
                                          const_cast<sock_filter *>(CD_FILTER.data())};
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                      &program);
              CloneLauncher launcher;
              LaunchSpec spec = Shell("exit 7");
              const std::array<sock_filter, 1> nonsense = {{{0xffff, 0, 0, 0}}};
              for (const int expected : {EBUSY, EINVAL}) {
                  if (expected == EINVAL)
                      spec.filter = nonsense;
                  auto result = unit::LaunchAndWait(launcher, spec);
                  auto *launched = std::get_if<unit::Executed>(&result);
                  FORKED_CHECK(launched != nullptr);
                  FORKED_CHECK(launched->filter_error == expected);
                  FORKED_CHECK(!launched->notify.IsDefined());
                  int status = -1;
                  FORKED_CHECK(waitpid(launched->pid, &status, 0) == launched->pid);
                  FORKED_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
              }
              return 0;
          }) == 0);
}

TEST_CASE("if no number is left for the channel, the pidfd or the listener, the start fails") {
    CHECK(unit::InFork([] {
              for (int fd = 3; fd < 300; fd++)
                  close(fd);
              CloneLauncher launcher;
              LaunchSpec spec = Shell("exit 0");
              const auto allow = [&spec](rlim_t numbers) {
                  const rlimit low = {numbers, spec.descriptor_limit.rlim_max};
                  return setrlimit(RLIMIT_NOFILE, &low) == 0;
              };
              // None for the channel, one of its two ends, both and none for the pidfd.
              for (const rlim_t numbers : {3U, 4U, 5U}) {
                  FORKED_CHECK(allow(numbers));
                  auto result = launcher.Launch(spec);
                  auto *failure = std::get_if<LaunchFailure>(&result);
                  FORKED_CHECK(failure != nullptr);
                  FORKED_CHECK(failure->error == EMFILE);
              }
              FORKED_CHECK(allow(6));
              auto result = launcher.Launch(spec);
              auto *forked = std::get_if<Forked>(&result);
              FORKED_CHECK(forked != nullptr);
              FORKED_CHECK(allow(3)); // none for the listener, which the child sends
              while (forked->channel.Look() == StartChannel::State::PENDING) {
                  pollfd waiting = {forked->channel.Descriptor().Get(), POLLIN, 0};
                  poll(&waiting, 1, 60'000);
              }
              FORKED_CHECK(forked->channel.GetState() == StartChannel::State::FAILED);
              FORKED_CHECK(forked->channel.Failure().stage == ExecStage::FILTER);
              FORKED_CHECK(forked->channel.Failure().error == EMFILE);
              kill(forked->pid, SIGKILL);
              FORKED_CHECK(waitpid(forked->pid, nullptr, 0) == forked->pid);
              return 0;
          }) == 0);
}

TEST_CASE("a signal that the worker handles does not void a call that was received") {
    if (!HasWaitKillable())
        HARNESS_SKIP("needs Linux 5.19");
    CloneLauncher launcher;
    Worker worker(Shell("trap 'echo signal' USR1; cd / && echo back"), launcher);
    NEED_LISTENER(worker);
    sys::SeccompNotify notify(std::move(worker.launched.notify));
    const sys::Notification call = Receive(notify);
    kill(worker.launched.pid, SIGUSR1);
    // It waits on, so that only death interrupts it ("D"), and the signal with it.
    const auto is_pending = [&] {
        const std::string status =
            sys::ReadFile("/proc/" + std::to_string(worker.launched.pid) + "/status").value_or("");
        const auto at = status.find("ShdPnd:\t");
        return at != std::string::npos && status.find("State:\tD") != std::string::npos &&
               std::stoull(status.substr(at + 8), nullptr, 16) != 0;
    };
    REQUIRE(harness::WaitFor([&] { return is_pending() || !notify.IsValid(call.id); }));
    CHECK(notify.IsValid(call.id));
    CHECK(notify.Return(call.id));
    const std::string output = worker.Output();
    CHECK(output.find("signal") != std::string::npos);
    CHECK(output.find("back") != std::string::npos);
}
