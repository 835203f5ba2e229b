#include "adopt/Snapshot.hxx"
#include "harness/Fuse.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "harness/Wait.hxx"
#include "loop/Errands.hxx"
#include "unit/BindFilter.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

using namespace adopt;

namespace {

/** A child whose calls of bind(2) come here. */
class Binding {
public:
    explicit Binding(const std::function<void()> &body) {
        auto *number = static_cast<volatile int *>(
            mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        *number = 0;
        std::fflush(stdout);
        pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            const sock_fprog program = {unit::BIND_FILTER.size(),
                                        const_cast<sock_filter *>(unit::BIND_FILTER.data())};
            *number = static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                               SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
            body();
            for (;;)
                pause();
        }
        REQUIRE(harness::WaitFor([&] { return *number != 0; }));
        const sys::UniqueFd process(sys::AdoptTag(),
                                    static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        sys::UniqueFd listener(
            sys::AdoptTag(), static_cast<int>(syscall(SYS_pidfd_getfd, process.Get(), *number, 0)));
        munmap(const_cast<int *>(number), sizeof(int));
        if (listener.IsDefined())
            notify.emplace(std::move(listener));
    }

    ~Binding() { End(); }

    void End() {
        if (pid == 0)
            return;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        pid = 0;
    }

    sys::Notification Receive() {
        std::optional<sys::Notification> call;
        REQUIRE(harness::WaitFor([&] { return (call = notify->Receive()).has_value(); }));
        return *call;
    }

    pid_t pid = 0;
    std::optional<sys::SeccompNotify> notify; // none: it may not be had here
};

void BindPath(const std::string &path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    static_cast<void>(bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)));
}

sys::Parcel Read(const sys::Notification &call, sys::ProcessHandles handles = {}) {
    sys::Parcel answer;
    Snapshot::Read(Snapshot::Request(call, true, std::move(handles)), answer);
    return answer;
}

#define REQUIRE_NOTIFY(child)                                                                      \
    if (!(child).notify)                                                                           \
    HARNESS_SKIP("the listener of a filter cannot be had here")

} // namespace

TEST_CASE("a call to bind a relative path, with everything that belongs to it") {
    bool opened = false;
    SUBCASE("the errand looks") {}
    SUBCASE("through what the launcher has opened") {
        opened = true;
    }
    const harness::TempDir directory;
    REQUIRE(chmod(directory.Path().c_str(), 0755) == 0);
    Binding child([&] {
        if (chdir(directory.Path().c_str()) == 0)
            BindPath("x.sock");
    });
    REQUIRE_NOTIFY(child);
    const auto call = child.Receive();
    sys::ProcessHandles handles;
    if (opened)
        handles = sys::OtherProcess(call.tid).Open(static_cast<int>(call.args[0]));
    const auto snapshot = Snapshot::Take(*child.notify, call, Read(call, std::move(handles)));
    REQUIRE(snapshot);
    CHECK(snapshot->refused == 0);
    CHECK(snapshot->kind.family == AF_UNIX);
    CHECK(snapshot->file.nonblocking);
    CHECK(snapshot->file.close_on_exec);
    REQUIRE(snapshot->address.address);
    CHECK(snapshot->address.address->Host() == "x.sock");
    REQUIRE(snapshot->ids);
    CHECK(snapshot->ids->uid == geteuid());
    CHECK(snapshot->shares_files);
    CHECK(snapshot->directory.IsDefined());
    CHECK(snapshot->directory_name == directory.Path());
    CHECK(snapshot->path.error == 0);
    CHECK(snapshot->path.name == net::NameInDirectory(directory / "x.sock"));
    CHECK_FALSE(snapshot->path.file);
    CHECK(snapshot->path.may_make);
}

TEST_CASE("what was read of a call that is gone is nothing") {
    const harness::TempDir directory;
    Binding child([&] { BindPath(directory / "x.sock"); });
    REQUIRE_NOTIFY(child);
    const auto call = child.Receive();
    auto answer = Read(call);
    child.End();
    CHECK_FALSE(Snapshot::Take(*child.notify, call, std::move(answer)));
}

TEST_CASE("who may not write into the directory may not make the file") {
    if (geteuid() != 0)
        HARNESS_SKIP("changing the user needs root");
    const harness::TempDir directory;
    REQUIRE(chmod(directory.Path().c_str(), 0755) == 0);
    const auto look = [&](mode_t mode, uid_t owner) {
        REQUIRE(chmod(directory.Path().c_str(), mode) == 0);
        const std::string file = directory / "x.sock";
        sys::UniqueFd(sys::AdoptTag(), open(file.c_str(), O_CREAT | O_WRONLY, 0600));
        REQUIRE(chown(file.c_str(), owner, 0) == 0);
        Binding child([&] {
            if (setgid(4002) == 0 && setuid(4001) == 0)
                BindPath(file);
        });
        REQUIRE(child.notify);
        const auto call = child.Receive();
        const auto snapshot = Snapshot::Take(*child.notify, call, Read(call));
        REQUIRE(snapshot);
        CHECK(snapshot->ids->uid == 4001);
        CHECK(snapshot->path.file.has_value());
        return snapshot->path.may_make;
    };
    CHECK_FALSE(look(0755, 0));
    CHECK_FALSE(look(0755, 4001));
    CHECK(look(0777, 0));
    CHECK_FALSE(look(01777, 0)); // sticky, and the file is another's
    CHECK(look(01777, 4001));
}

TEST_CASE("an address in memory that nobody serves delays its own errand and no other") {
    const auto fuse = harness::Fuse::Mount();
    if (fuse == nullptr)
        HARNESS_SKIP("no FUSE file system can be mounted here");
    const unit::Forked other([] {});
    const int file = open(fuse->File().c_str(), O_RDONLY | O_CLOEXEC);
    void *place = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    REQUIRE(place != MAP_FAILED);
    close(file); // as long as it is answered
    fuse->Stop();
    Binding child([&] {
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        static_cast<void>(bind(fd, static_cast<const sockaddr *>(place), 16));
    });
    REQUIRE_NOTIFY(child);
    const auto call = child.Receive();

    struct Answers {
        void OnForked(pid_t pid) noexcept { pids.push_back(pid); }
        void OnDone(loop::Errands::Ticket ticket, loop::Errands::Answer answer) noexcept {
            errors.emplace(ticket, answer.error);
        }
        std::vector<pid_t> pids;
        std::map<loop::Errands::Ticket, int> errors;
    } answers;
    {
        loop::MonotonicClock clock;
        loop::Loop loop{clock};
        loop::Errands errands{loop,
                              util::BoundMethod<void(pid_t)>::Make<&Answers::OnForked>(answers)};
        const auto send = [&](unsigned client, const sys::Notification &of) {
            return errands.Send({client, &Snapshot::Read, Snapshot::Request(of, true),
                                 std::chrono::milliseconds(500),
                                 loop::Errands::Done::Make<&Answers::OnDone>(answers)});
        };
        const auto await = [&](loop::Errands::Ticket ticket) {
            REQUIRE(harness::WaitFor([&] {
                loop.Turn(loop::Loop::Wait::NO);
                return answers.errors.contains(ticket);
            }));
            return answers.errors[ticket];
        };
        const auto stuck = send(1, call);
        sys::Notification quick = call;
        quick.tid = other.pid;
        quick.args[1] = 0;
        const auto begin = clock.Now();
        CHECK(await(send(2, quick)) == 0);
        const auto time = clock.Now() - begin;
        MESSAGE("answered after ",
                std::chrono::duration_cast<std::chrono::microseconds>(time).count(), " us");
        CHECK_FALSE(answers.errors.contains(stuck));
        CHECK(await(stuck) == ETIMEDOUT);
    }
    munmap(place, 4096);
    fuse->Abort();
    for (const pid_t pid : answers.pids) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
}
