#include "notify/NotifyAgent.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "harness/Wait.hxx"
#include "sys/UnixDatagram.hxx"
#include "unit/FakeClock.hxx"
#include "unit/Forked.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// The kernel's own sockets; the workers are this process and its children.

using namespace notify;
using namespace std::chrono_literals;

namespace {

class Listener final : public pool::Facts {
public:
    void Ready(const pool::WorkerRef &worker, pool::Sign sign) noexcept override {
        CHECK(sign == pool::Sign::NOTIFY);
        log += "ready" + std::to_string(worker.id) + " ";
    }
    int Listening(const pool::WorkerRef &, net::Listener &, pool::How) noexcept override {
        return 0;
    }
    void ListeningAlone(const pool::WorkerRef &, const net::Endpoint &) noexcept override {}
    bool IsComplete() const noexcept override { return false; }
    bool IsStarting(const pool::WorkerRef &) const noexcept override { return true; }
    void Stopping(const pool::WorkerRef &worker) noexcept override {
        log += "stopping" + std::to_string(worker.id) + " ";
    }
    void Extend(const pool::WorkerRef &worker, std::chrono::milliseconds time) noexcept override {
        log += "extend" + std::to_string(worker.id) + ":" + std::to_string(time.count()) + " ";
    }

    std::string log;
};

class Speech final : public report::Sink {
public:
    explicit Speech(std::vector<std::string> &_lines) : lines(_lines) {}
    void Emit(const report::Event &, report::WallTime) noexcept override {}
    void Say(report::Level level, std::string_view sentence) noexcept override {
        lines.push_back((level == report::Level::WARN ? "warn: " : "debug: ") +
                        std::string(sentence));
    }

private:
    std::vector<std::string> &lines;
};

/** Another process that runs a function and waits to be ended. */
class Child {
public:
    explicit Child(const std::function<void()> &run = [] {}) {
        unit::Pipe done;
        pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            run();
            (void)!write(done.writer.Get(), "x", 1);
            for (;;)
                pause();
        }
        char byte = 0;
        while (read(done.reader.Get(), &byte, 1) < 0) {
        }
    }
    ~Child() { End(); }

    void End() {
        if (pid <= 0)
            return;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        pid = 0;
    }

    pid_t pid;
};

void Send(const std::string &name, const std::string &text) {
    sys::UnixDatagram socket;
    REQUIRE(socket.Send(sys::UnixAddress::Parse(name).value(), text) == 0);
}

/** With copies of a descriptor. */
void SendWith(const std::string &name, std::string text, int fd, std::size_t count) {
    const auto to = sys::UnixAddress::Parse(name).value();
    const sys::UniqueFd socket(sys::AdoptTag(), ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    alignas(cmsghdr) std::array<char, CMSG_SPACE(253 * sizeof(int))> control = {};
    iovec data = {text.data(), text.size()};
    msghdr message = {};
    message.msg_name = const_cast<sockaddr *>(to.Get());
    message.msg_namelen = to.Length();
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (std::size_t i = 0; i < count; i++)
        std::memcpy(CMSG_DATA(part) + i * sizeof(int), &fd, sizeof(fd));
    REQUIRE(sendmsg(socket.Get(), &message, 0) >= 0);
}

/** A process that says READY=1 and stays, with these marks in its environment. */
pid_t ExecuteSender(const std::string &name, const std::string &run, const std::string &id) {
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string script = "import signal, socket, sys\n"
                               "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                               "s.sendto(b'READY=1', sys.argv[1])\n"
                               "signal.pause()\n";
    const std::string first = "CLUSTERIZE_RUN=" + run, second = "CLUSTERIZE_WORKER_ID=" + id;
    execle("/usr/bin/python3", "python3", "-c", script.c_str(), name.c_str(), nullptr,
           std::array<const char *, 3>{first.c_str(), second.c_str(), nullptr}.data());
    _exit(127);
}

bool HasWriters(const unit::Pipe &pipe) {
    fcntl(pipe.reader.Get(), F_SETFL, O_NONBLOCK);
    char byte = 0;
    return read(pipe.reader.Get(), &byte, 1) != 0;
}

struct Fixture {
    Fixture() { reporter.Add(std::make_unique<Speech>(lines)); }
    ~Fixture() {
        agent.RemoveFiles();
        for (const pid_t pid : pids) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }

    std::string Prepare(unsigned id) {
        spawn::LaunchSpec launch;
        agent.Prepare({id, id - 1, 1, 0}, launch);
        return std::string(launch.env.Find("NOTIFY_SOCKET").value());
    }
    void Started(unsigned id, pid_t pid) { agent.Forked({id, id - 1, 1, pid}); }

    /** Worker `id` is this process, or another one. */
    std::string Start(unsigned id, pid_t pid = getpid()) {
        const std::string name = Prepare(id);
        Started(id, pid);
        return name;
    }

    void Turn() { loop.Turn(loop::Loop::Wait::NO); }
    std::string Log() {
        Turn();
        return std::exchange(facts.log, {});
    }
    /** What an errand has to be done for. */
    std::string AwaitLog() {
        CHECK(harness::WaitFor([this] {
            Turn();
            return !facts.log.empty() || !lines.empty();
        }));
        return std::exchange(facts.log, {});
    }
    std::vector<std::string> Lines() { return std::exchange(lines, {}); }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    Listener facts;
    std::vector<std::string> lines;
    report::Reporter reporter;
    std::vector<pid_t> pids;
    const util::BoundMethod<void(pid_t)> forked =
        util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this);
    loop::Errands errands{loop, forked};
    pool::Marks marks{errands, "0123456789abcdef"};
    const harness::TempDir directory;
    NotifyAgent agent{{{loop, errands, forked}, facts, reporter, marks}, {directory.Path()}};
};

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(Fixture, "each worker has a name of its own") {
    const std::string one = Start(1), other = Start(2);
    CHECK(one != other);
    CHECK(one.starts_with(directory.Path() + "/clusterize-notify-"));
    Send(other, "READY=1");
    CHECK(Log() == "ready2 ");
    Send(one, "STATUS=a");
    Send(one, "EXTEND_TIMEOUT_USEC=2000000\nREADY=1");
    Send(one, "STOPPING=1");
    CHECK(Log() == "extend1:2000 ready1 stopping1 ");
    CHECK(Lines() == Texts{"debug: worker 1 (slot 0) says 'a'",
                           "debug: worker 1 (slot 0) says that it stops"});
}

TEST_CASE_FIXTURE(Fixture, "a status is told when it changes") {
    const std::string name = Start(1);
    for (const char *text : {"STATUS=a", "STATUS=a", "STATUS=b", "READY=1", "STATUS=b"})
        Send(name, text);
    CHECK(Log() == "ready1 ");
    CHECK(Lines() ==
          Texts{"debug: worker 1 (slot 0) says 'a'", "debug: worker 1 (slot 0) says 'b'"});
}

TEST_CASE_FIXTURE(Fixture, "a name that --env has set stays") {
    spawn::LaunchSpec launch;
    launch.env.Set("NOTIFY_SOCKET", "/mine");
    agent.Prepare({1, 0, 1, 0}, launch);
    Started(1, getpid());
    CHECK(launch.env.Find("NOTIFY_SOCKET") == "/mine");
    agent.Gone({1, 0, 1, getpid()}, {});
}

// --- senders ---------------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "a child of the worker, and a child of that") {
    const std::string name = Prepare(1);
    const Child worker([&name] {
        static const Child CHILD([&name] {
            Send(name, "READY=1");
            static const Child GRANDCHILD([&name] { Send(name, "STOPPING=1"); });
        });
    });
    Started(1, worker.pid);
    CHECK(Log() == "ready1 stopping1 ");
}

TEST_CASE_FIXTURE(Fixture, "a process that is no descendant is refused, said once in a while") {
    Child worker;
    const std::string name = Start(1, worker.pid);
    const std::string refused = "warn: worker 1 (slot 0): message refused: process " +
                                std::to_string(getpid()) + " is none of its processes";
    for (int i = 0; i < 100; i++) {
        Send(name, "READY=1");
        CHECK(Log() == "");
    }
    CHECK(Lines() == Texts{refused});
    clock.Advance(9s);
    Send(name, "READY=1");
    CHECK(Log() == "");
    CHECK(Lines().empty());
    clock.Advance(1s);
    Send(name, "READY=1");
    CHECK(Log() == "");
    CHECK(Lines() == Texts{refused});
}

TEST_CASE_FIXTURE(Fixture,
                  "another child of the launcher is a stranger, in a group of the worker not") {
    Child worker([] { setpgid(0, 0); });
    const std::string name = Start(1, worker.pid);
    Child other([&name] { Send(name, "READY=1"); });
    CHECK(AwaitLog() == "");
    CHECK(Lines().size() == 1);
    Child orphan([&] {
        setpgid(0, worker.pid);
        Send(name, "READY=1");
    });
    CHECK(Log() == "ready1 ");
}

TEST_CASE_FIXTURE(Fixture, "an orphan with the marks of the worker, and with those of another") {
    Child worker([] { setpgid(0, 0); });
    const std::string name = Start(1, worker.pid);
    const pid_t mine = ExecuteSender(name, "0123456789abcdef", "1");
    CHECK(AwaitLog() == "ready1 ");
    const pid_t others = ExecuteSender(name, "0123456789abcdef", "2");
    CHECK(AwaitLog() == "");
    CHECK(Lines() == Texts{"warn: worker 1 (slot 0): message refused: process " +
                           std::to_string(others) + " is none of its processes"});
    for (const pid_t pid : {mine, others}) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
}

TEST_CASE_FIXTURE(Fixture,
                  "one that has ended counts if it had the user of the worker, or root's") {
    const std::string name = Start(1);
    Child([&name] { Send(name, "READY=1"); });
    CHECK(Log() == "ready1 ");
    if (getuid() != 0)
        HARNESS_SKIP("needs root");
    Child worker([] { (void)!setuid(61235); });
    const std::string others = Start(2, worker.pid);
    Child([&others] { Send(others, "READY=1"); });
    CHECK(Log() == "ready2 ");
    CHECK(chmod(directory.Path().c_str(), 0755) == 0);
    CHECK(chmod(others.c_str(), 0666) == 0);
    Child([&others] {
        (void)!setuid(61235);
        Send(others, "STOPPING=1");
    });
    CHECK(Log() == "stopping2 ");
    CHECK(Lines() == Texts{"debug: worker 2 (slot 1) says that it stops"});
}

TEST_CASE_FIXTURE(Fixture, "one of a third user that has ended is refused with what to do") {
    if (getuid() != 0)
        HARNESS_SKIP("needs root");
    const std::string name = Start(1);
    CHECK(chmod(directory.Path().c_str(), 0755) == 0);
    CHECK(chmod(name.c_str(), 0666) == 0);
    Child([&name] {
        (void)!setuid(61235);
        Send(name, "READY=1");
    });
    CHECK(Log() == "");
    const auto said = Lines();
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("user 61235") != std::string::npos);
    CHECK(said[0].find("--no-block") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "the last word of a process that ends with its worker counts") {
    const std::string name = Prepare(1);
    pid_t pid = 0;
    {
        Child worker([&name] { Child([&name] { Send(name, "READY=1"); }); });
        pid = worker.pid;
        Started(1, pid);
    }
    agent.Gone({1, 0, 1, pid}, {});
    CHECK(std::exchange(facts.log, {}) == "ready1 ");
}

TEST_CASE_FIXTURE(Fixture, "an orphan that ends before its mark is read, and is not reaped") {
    Child worker([] { setpgid(0, 0); });
    const std::string name = Start(1, worker.pid);
    const pid_t pid = fork();
    if (pid == 0) {
        Send(name, "READY=1");
        _exit(0);
    }
    siginfo_t info = {};
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK(AwaitLog() == "ready1 ");
    CHECK(Lines().empty());
    waitpid(pid, nullptr, 0);
}

// --- messages --------------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "another main process is refused, the rest of the message not") {
    const std::string name = Start(1);
    Send(name, "MAINPID=1\nREADY=1");
    CHECK(Log() == "ready1 ");
    CHECK(Lines() == Texts{"warn: worker 1 (slot 0): MAINPID='1' refused: the main process stays "
                           "the one that was started"});
    Send(name, "MAINPID=2");
    Send(name, "MAINPID=" + std::to_string(getpid()));
    CHECK(Log() == "");
    CHECK(Lines().empty());
}

TEST_CASE_FIXTURE(Fixture, "too long is refused, as long as allowed is not") {
    const std::string name = Start(1);
    Send(name, "READY=1\n" + std::string(4096 - 8, 'x'));
    CHECK(Log() == "ready1 ");
    Send(name, "READY=1\n" + std::string(4096 - 7, 'x'));
    CHECK(Log() == "");
    CHECK(Lines() == Texts{"warn: worker 1 (slot 0): message refused: longer than 4096 bytes"});
    Send(name, "");
    Send(name, std::string("\0\xff\n=\n", 5));
    Send(name, "READY=1");
    CHECK(Log() == "ready1 ");
}

TEST_CASE_FIXTURE(Fixture, "descriptors that come are closed, after the message was acted on") {
    const std::string name = Start(1);
    unit::Pipe pipe;
    SendWith(name, "BARRIER=1", pipe.writer.Get(), 1);
    SendWith(name, "FDSTORE=1\nFDNAME=x", pipe.writer.Get(), 253);
    pipe.writer.Close();
    CHECK(HasWriters(pipe));
    CHECK(harness::WaitFor([&] {
        Turn();
        return !HasWriters(pipe);
    }));
    CHECK(Lines().empty());
}

TEST_CASE_FIXTURE(Fixture, "of a flood a part at a time") {
    const std::string name = Start(1);
    int sent = 0;
    for (sys::UnixDatagram socket;
         socket.Send(sys::UnixAddress::Parse(name).value(), "READY=1") == 0;)
        sent++;
    CHECK(sent > 5);
    int taken = 0;
    for (int i = 0; i <= sent; i++) {
        const std::string log = Log();
        const auto now = std::count(log.begin(), log.end(), ' ');
        CHECK(now <= 16);
        taken += static_cast<int>(now);
    }
    CHECK(taken == sent);
}

// --- the end ---------------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "what it said before its end is read, then nobody listens any more") {
    const std::string name = Start(1);
    Send(name, "READY=1");
    agent.Gone({1, 0, 1, getpid()}, {});
    CHECK(std::exchange(facts.log, {}) == "ready1 ");
    sys::UnixDatagram socket;
    CHECK(socket.Send(sys::UnixAddress::Parse(name).value(), "READY=1") == ENOENT);
    CHECK(Log() == "");
}

TEST_CASE_FIXTURE(Fixture, "a start that failed leaves nothing") {
    spawn::LaunchSpec launch;
    agent.Prepare({1, 0, 1, 0}, launch);
    const std::string name(launch.env.Find("NOTIFY_SOCKET").value());
    agent.NotStarted({1, 0, 1, 0});
    sys::UnixDatagram socket;
    CHECK(socket.Send(sys::UnixAddress::Parse(name).value(), "READY=1") == ENOENT);
}

TEST_CASE_FIXTURE(Fixture,
                  "without a directory the names are abstract, and the log names the reason "
                  "once") {
    NotifyAgent homeless{{{loop, errands, forked}, facts, reporter, marks}, {"/proc/nowhere"}};
    spawn::LaunchSpec one, other;
    homeless.Prepare({1, 0, 1, 0}, one);
    homeless.Prepare({2, 1, 1, 0}, other);
    CHECK(one.env.Find("NOTIFY_SOCKET")->starts_with("@clusterize-notify-"));
    homeless.Forked({2, 1, 1, getpid()});
    Send(std::string(*other.env.Find("NOTIFY_SOCKET")), "READY=1");
    CHECK(Log() == "ready2 ");
    CHECK(Lines() == Texts{"debug: NOTIFY_SOCKET is an abstract name, which every process of the "
                           "network namespace can see: /proc/nowhere: No such file or directory"});
}

// --- in the launcher's place -----------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "described, made and described again: a mailbox and its directory") {
    Directory home({directory.Path()});
    Directory::Socket socket = home.Open();
    const std::string name = socket.name;
    const Context context{{loop, errands, forked}, facts, reporter, marks};
    Mailbox mailbox(context, {1, 0, 1, getpid()}, getuid(), std::move(socket));
    Send(name, "STATUS=a");
    CHECK(Log().empty());
    const Mailbox::Description described = mailbox.Describe();
    const Directory::Description described_home = home.Describe();
    CHECK(described.status == "a");
    Send(name, "STATUS=a\nSTOPPING=1"); // waits for the next launcher
    CHECK(unit::InFork([&] {
              loop::Loop next(clock);
              loop::Errands next_errands(next, forked);
              pool::Marks next_marks(next_errands, "0123456789abcdef");
              const Context again{{next, next_errands, forked}, facts, reporter, next_marks};
              // Nothing is destroyed: this process is to own each descriptor once.
              auto &made = *new Mailbox(again, described); // NOLINT
              auto &made_home = *new Directory({directory.Path()}, described_home); // NOLINT
              FORKED_CHECK(made.Describe() == described);
              FORKED_CHECK(made_home.Describe() == described_home);
              for (int i = 0; i < 3; i++)
                  next.Turn(loop::Loop::Wait::NO);
              FORKED_CHECK(facts.log == "stopping1 "); // the status is the same
              // The directory is its own: another one is not made.
              FORKED_CHECK(made_home.Open().name.starts_with(described_home.path + "/"));
              made_home.RemoveAll();
              FORKED_CHECK(access(described_home.path.c_str(), F_OK) != 0);
              return 0;
          }) == 0);
}
