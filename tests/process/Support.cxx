#include "Support.hxx"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <sstream>
#include <stdexcept>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace process {

std::string Program(const std::string &name) {
    const char *root = std::getenv("TEST_BUILD_ROOT");
    if (root == nullptr)
        throw std::runtime_error("TEST_BUILD_ROOT does not name the build directory");
    return std::string(root) + "/tests/process/programs/" + name;
}

void AsEveryone(const std::function<void(bool nobody)> &body) {
    if (IsRoot()) {
        INFO("as root");
        body(false);
    } else {
        ReportSkip("its half as root: the tests run without root");
    }
    INFO("as an unprivileged user");
    body(true);
}

std::map<std::string, std::string> Fields(const std::string &line) {
    std::map<std::string, std::string> fields;
    std::istringstream is(line);
    std::string word;
    while (is >> word) {
        const auto equals = word.find('=');
        if (equals != std::string::npos)
            fields[word.substr(0, equals)] = word.substr(equals + 1);
    }
    return fields;
}

std::string Field(const std::string &line, const std::string &name) {
    auto fields = Fields(line);
    const auto found = fields.find(name);
    if (found == fields.end())
        throw std::runtime_error("no " + name + "= in: " + line);
    return found->second;
}

std::vector<std::string> Lines(const std::string &text) {
    std::vector<std::string> lines;
    std::istringstream is(text);
    std::string line;
    while (std::getline(is, line))
        lines.push_back(line);
    return lines;
}

size_t Count(const std::string &text, const std::string &part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos;
         at = text.find(part, at + part.size()))
        ++count;
    return count;
}

bool Contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

Fd TakeFd(pid_t pid, int fd) {
    const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    Fd taken(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.Get(), fd, 0)));
    if (!taken.IsOpen())
        throw std::system_error(errno, std::generic_category(), "pidfd_getfd");
    return taken;
}

void InNetworkOf(pid_t pid, const std::function<void()> &body) {
    const auto enter = [](const std::string &path) {
        Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd.IsOpen() || setns(fd.Get(), CLONE_NEWNET) != 0)
            throw std::system_error(errno, std::generic_category(), "setns to " + path);
    };
    Fd home(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    enter("/proc/" + std::to_string(pid) + "/ns/net");
    try {
        body();
    } catch (...) {
        enter("/proc/self/fd/" + std::to_string(home.Get()));
        throw;
    }
    enter("/proc/self/fd/" + std::to_string(home.Get()));
}

void WaitReady(Cluster &cluster, unsigned id) {
    (void)cluster.WaitEvent("ready", With("id", id));
}

std::string WaitBalance(Cluster &cluster) {
    const auto setup = cluster.WaitEvent("setup").Object("balance");
    if (!Contains(setup.Dump(), "being loaded"))
        return setup.Text("tier");
    return cluster.WaitEvent("balance").Object("balance").Text("tier");
}

void WaitAllReport(Cluster &cluster) {
    const auto workers = static_cast<size_t>(cluster.WaitEvent("setup").Number("workers"));
    const bool reported = WaitFor([&] {
        const auto pids = cluster.Workers();
        const std::string out = cluster.Out();
        return pids.size() == workers &&
               std::all_of(pids.begin(), pids.end(), [&out](const auto &slot_and_pid) {
                   const std::string pid = "pid=" + std::to_string(slot_and_pid.second);
                   return Contains(out, pid + " ") || Contains(out, pid + "\n");
               });
    });
    if (!reported)
        throw std::runtime_error("not all workers reported\n" + cluster.Describe());
}

Ended StopServers(Cluster &cluster) {
    WaitAllReport(cluster);
    return cluster.Stop();
}

namespace {

/** 0: there is none. */
pid_t FindHelper(const Cluster &cluster, const char *name) {
    for (const pid_t pid : Children(cluster.Pid()))
        if (StatusField(pid, "Name") == name)
            return pid;
    return 0;
}

} // namespace

pid_t WaitWatcher(const Cluster &cluster, pid_t other_than) {
    pid_t found = 0;
    const bool there = WaitFor([&] {
        found = FindHelper(cluster, WATCHER);
        return found != 0 && found != other_than;
    });
    REQUIRE(there);
    return found;
}

bool HasErrands(const Cluster &cluster) {
    return FindHelper(cluster, ERRANDS) != 0;
}

std::map<std::string, unsigned> Shares(const std::string &address, unsigned count,
                                       const std::string &field) {
    std::map<std::string, unsigned> shares;
    for (unsigned i = 0; i < count; ++i)
        ++shares[Field(Ask(address, "who"), field)];
    return shares;
}

void CheckRefused(const Result &result, int status, const std::vector<std::string> &mentions) {
    INFO("standard error: ", result.err);
    CHECK(result.ended == Exited(status));
    CHECK(result.out == "");
    CHECK(Lines(result.err).size() == 1);
    CHECK(result.err.compare(0, 12, "clusterize: ") == 0);
    for (const auto &mention : mentions) {
        INFO("has to mention: ", mention);
        CHECK(Contains(result.err, mention));
    }
}

EventPredicate With(const std::string &field, long value) {
    return [field, value](const Event &event) {
        return event.Has(field) && !event.IsNull(field) && event.Number(field) == value;
    };
}

unsigned CountStopped(pid_t pid) {
    unsigned count = 0;
    for (const pid_t descendant : Descendants(pid))
        count += State(descendant) == 'T' ? 1 : 0;
    return count;
}

} // namespace process
