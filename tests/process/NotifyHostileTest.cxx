// Messages and environments that are made to block the launcher: TERM is acted on all the same.

#include "Support.hxx"
#include "harness/Environ.hxx"
#include "harness/Fuse.hxx"
#include "harness/Lingering.hxx"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace process;

namespace {

/** 0 or errno. */
int SendDescriptor(const std::string &name, int descriptor) {
    const Fd from(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), std::min(name.size(), sizeof(address.sun_path) - 1));
    socklen_t length = sizeof(address);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
        length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    }
    char byte = 'x';
    iovec data = {&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
    msghdr message = {};
    message.msg_name = &address;
    message.msg_namelen = length;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof(descriptor));
    return sendmsg(from.Get(), &message, MSG_DONTWAIT) < 0 ? errno : 0;
}

/** Another user's process, which has nothing to do with the cluster. It runs a function and stays
 *  until the end of the object. */
class Stranger {
public:
    explicit Stranger(const std::function<bool()> &function) {
        std::array<int, 2> said = {};
        REQUIRE(pipe2(said.data(), O_CLOEXEC) == 0);
        pid = fork();
        if (pid == 0) {
            char answer = 'n';
            if (setgid(ID) == 0 && setuid(ID) == 0 && function())
                answer = 'y';
            (void)!write(said[1], &answer, 1);
            for (;;)
                pause();
        }
        close(said[1]);
        char answer = 0;
        CHECK(read(said[0], &answer, 1) == 1);
        CHECK(answer == 'y');
        close(said[0]);
    }
    ~Stranger() {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }

    Stranger(const Stranger &) = delete;
    Stranger &operator=(const Stranger &) = delete;

private:
    static constexpr unsigned ID = 61235;
    pid_t pid = 0;
};

/** Sends the last copy of a socket that lingers. */
bool SendLingering(const std::string &name) {
    static std::deque<Lingering> all; // as long as the process lives
    Lingering &lingering = all.emplace_back(20);
    const int error = SendDescriptor(name, lingering.Descriptor());
    lingering.Close();
    return error == 0;
}

void CheckStopsPromptly(Cluster &cluster, const Ended &end) {
    const auto began = std::chrono::steady_clock::now();
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == end);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    MESSAGE("TERM to end: " << took.count() * 1000 << " ms");
    CHECK(took.count() < 2);
}

/** Needs a name that strangers are told of by this test. */
struct Setting {
    Cluster cluster{{.options = {"--ready", "exec", "-p", "127.0.0.1:0", "--adopt", "off"},
                     .command = {Behave(), "pause"}}};
    std::string name;

    Setting() {
        cluster.WaitUp();
        cluster.WaitOut("pausing");
        name = Environment(cluster.WaitOnline(1)).at("NOTIFY_SOCKET");
    }
};

/** The launcher takes the message in its next turn. */
void Settle() {
    usleep(50'000);
}

} // namespace

TEST_CASE(
    "a stranger's lingering socket, sent to a worker's notify socket, does not hold up TERM") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    Setting setting;
    const Stranger stranger([&] {
        return SendLingering(setting.name) && SendLingering(setting.name) &&
               SendLingering(setting.name);
    });
    Settle();
    CheckStopsPromptly(setting.cluster, Exited(143));
}

TEST_CASE("a stranger's file of a file system that hangs, sent there, does not hold up TERM") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    const auto fuse = Fuse::Mount();
    if (!fuse)
        HARNESS_SKIP("no FUSE here");
    Setting setting;
    const Stranger stranger([&] {
        const int file = open(fuse->File().c_str(), O_RDONLY | O_CLOEXEC);
        bool sent = file >= 0;
        for (int i = 0; i < 3; i++)
            sent = sent && SendDescriptor(setting.name, file) == 0;
        return sent && close(file) == 0;
    });
    fuse->Stop();
    Settle();
    CheckStopsPromptly(setting.cluster, Exited(143));
    fuse->Abort();
}

TEST_CASE("an orphan with an environment of 512 MiB does not hold up TERM") {
    Cluster cluster({.options = {"-p", "127.0.0.1:0", "--ready", "exec"},
                     .command = {Program("big-environment")}});
    cluster.WaitUp();
    cluster.WaitOut("declared");
    CheckStopsPromptly(cluster, Exited(143));
}

TEST_CASE("strangers find no name of a notify socket") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    Setting setting;
    const std::string secret = setting.name.substr(setting.name.rfind('/') + 1);
    CHECK(secret.size() == 32);
    std::ifstream sockets("/proc/net/unix");
    for (std::string line; std::getline(sockets, line);)
        CHECK(!Contains(line, secret));
    const std::string directory = setting.name.substr(0, setting.name.rfind('/'));
    struct stat status = {};
    REQUIRE(stat(directory.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0711);
    setting.cluster.Signal(SIGTERM);
    CHECK(setting.cluster.Wait() == Exited(143));
    CHECK(stat(directory.c_str(), &status) != 0);
}

TEST_CASE("the next launcher removes the directory of one that was killed") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    std::string directory;
    {
        Setting setting;
        directory = setting.name.substr(0, setting.name.rfind('/'));
        setting.cluster.Signal(SIGKILL);
        CHECK(setting.cluster.Wait() == Killed(SIGKILL));
        CHECK(WaitFor([&] { return setting.cluster.Leftovers().empty(); }));
    }
    Setting next; // or any other one that starts meanwhile
    CHECK(!std::filesystem::exists(directory));
    CHECK(std::filesystem::exists(next.name));
    next.cluster.Signal(SIGTERM);
    CHECK(next.cluster.Wait() == Exited(143));
}

TEST_CASE("without a place for a directory the name is abstract, and descriptors block nothing") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    Cluster cluster({.options = {"--ready", "exec", "-p", "127.0.0.1:0", "--log-level", "debug"},
                     .command = {Reachable(Behave()), "pause"},
                     .start = {.prepare = [] {
                         // Read-only, as in a container without a writable directory.
                         if (unshare(CLONE_NEWNS) != 0 ||
                             mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
                             _exit(98);
                         for (const char *place : {"/run", "/tmp", "/dev/shm"})
                             if (mount("none", place, "tmpfs", MS_RDONLY, nullptr) != 0)
                                 _exit(98);
                     }}});
    cluster.WaitUp();
    cluster.WaitOut("pausing");
    CHECK(Contains(cluster.Err(), "NOTIFY_SOCKET is an abstract name"));
    const auto name = Environment(cluster.WaitOnline(1)).at("NOTIFY_SOCKET");
    REQUIRE(name[0] == '@');
    const Stranger stranger([&] { return SendLingering(name); });
    Settle();
    CheckStopsPromptly(cluster, Exited(143));
}
