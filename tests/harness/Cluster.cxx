#include "harness/Census.hxx"
#include "harness/Errno.hxx"
#include "harness/Process.hxx"
#include "harness/TempDir.hxx"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace harness {

namespace {

/** High enough to be in nobody's way. */
constexpr int EVENTS_FD = 63;

} // namespace

struct Cluster::Stream {
    Fd read, write;
    std::string rest;
    std::vector<Event> events;
    bool wanted;

    explicit Stream(bool wanted_) : wanted(wanted_) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            ThrowErrno("pipe2");
        read = Fd(ends[0]);
        write = Fd(ends[1]);
        if (fcntl(read.Get(), F_SETFL, O_NONBLOCK) != 0)
            ThrowErrno("O_NONBLOCK");
        // Room for what comes while the test looks elsewhere. Fails only where root forbids it.
        (void)fcntl(read.Get(), F_SETPIPE_SZ, 1 << 20);
    }

    /** Takes what is there, waiting for at most `patience` for the first of it. */
    void Pump(Duration patience) {
        pollfd poll_fd{read.Get(), POLLIN, 0};
        if (poll(&poll_fd, 1, static_cast<int>(patience.count())) <= 0)
            return;
        char bytes[65536];
        for (;;) {
            const auto n = ::read(read.Get(), bytes, sizeof bytes);
            if (n <= 0)
                break;
            rest.append(bytes, static_cast<size_t>(n));
        }
        size_t start = 0;
        for (size_t newline; (newline = rest.find('\n', start)) != std::string::npos;
             start = newline + 1)
            events.emplace_back(rest.substr(start, newline - start));
        rest.erase(0, start);
    }
};

namespace {

Start MakeStart(Setup &&setup, int events_fd) {
    Start start = std::move(setup.start);
    start.argv = std::move(setup.wrapper);
    start.argv.push_back(start.nobody ? Reachable(ClusterizePath()) : ClusterizePath());
    if (setup.events) {
        start.fds.push_back({events_fd, EVENTS_FD});
        start.argv.push_back("--events");
        start.argv.push_back("fd:" + std::to_string(EVENTS_FD));
    }
    start.argv.insert(start.argv.end(), setup.options.begin(), setup.options.end());
    start.argv.push_back("--");
    if (start.nobody && !setup.command.empty())
        setup.command[0] = Reachable(setup.command[0]);
    start.argv.insert(start.argv.end(), setup.command.begin(), setup.command.end());
    return start;
}

/** Where a client finds a listener that is bound to every address. */
std::string ClientHost(const std::string &host) {
    if (host.empty() || host == "*" || host == "0.0.0.0" || host == "::" || host == "[::]")
        return "127.0.0.1";
    if (host.find(':') != std::string::npos && host[0] != '[')
        return "[" + host + "]";
    return host;
}

std::string ClientAddress(const Event &listener) {
    const std::string type = listener.Text("type");
    std::string address = listener.Text("address");
    if (type.find("unix") != std::string::npos)
        return address.compare(0, 5, "unix:") == 0 ? address : "unix:" + address;
    const std::string port = std::to_string(listener.Number("port"));
    if (address.size() > port.size() + 1 && address.ends_with(":" + port) &&
        (address.find(':') == address.rfind(':') || address[0] == '['))
        address.erase(address.size() - port.size() - 1);
    const bool udp = type.find("udp") != std::string::npos;
    return (udp ? "udp:" : "") + ClientHost(address) + ":" + port;
}

} // namespace

Cluster::Cluster(Setup setup) : Cluster(std::move(setup), std::make_unique<Stream>(setup.events)) {}

Cluster::Cluster(Setup &&setup, std::unique_ptr<Stream> stream_)
    : Process(MakeStart(std::move(setup), stream_->write.Get())), stream(std::move(stream_)) {
    stream->write.Close();
}

Cluster::~Cluster() = default;

const std::vector<Event> &Cluster::Events() {
    stream->Pump(Duration{0});
    return stream->events;
}

std::vector<Event> Cluster::Seen(const std::string &name, const EventPredicate &predicate) {
    std::vector<Event> found;
    for (const auto &event : Events()) {
        if (event.Name() == name && (!predicate || predicate(event)))
            found.push_back(event);
    }
    return found;
}

std::vector<Event> Cluster::WaitEvents(const std::string &name, size_t count,
                                       const EventPredicate &predicate, Duration patience) {
    if (!stream->wanted)
        throw std::logic_error("this cluster was started without events");
    const auto end = Now() + patience;
    for (;;) {
        // Whether it has ended comes first: what it wrote before that is then in the pipe.
        const bool ended = HasEnded();
        auto found = Seen(name, predicate);
        if (found.size() >= count) {
            found.resize(count);
            return found;
        }
        const std::string wanted = std::to_string(count) + " × event \"" + name + "\"";
        if (ended)
            throw std::runtime_error("ended without " + wanted + "\n" + Describe());
        if (Now() >= end)
            throw std::runtime_error("no " + wanted + " in time\n" + Describe());
        stream->Pump(Duration{20});
    }
}

Event Cluster::WaitEvent(const std::string &name, const EventPredicate &predicate,
                         Duration patience) {
    return WaitEvents(name, 1, predicate, patience).front();
}

pid_t Cluster::WaitOnline(unsigned id) {
    const auto event = WaitEvent("online", [id](const Event &e) { return e.Number("id") == id; });
    const auto pid = static_cast<pid_t>(event.Number("pid"));
    // The kernel lets the launcher go on before exec is over: the environment comes last. It may not be the
    // environment for long, as programs write their titles there.
    (void)WaitFor([&] {
        const auto family = Descendants(Pid());
        return std::find(family.begin(), family.end(), pid) == family.end() || !Alive(pid) ||
               !ReadFile("/proc/" + std::to_string(pid) + "/environ").empty();
    });
    return pid;
}

std::map<unsigned, pid_t> Cluster::Workers() {
    std::map<unsigned, pid_t> workers;
    for (const auto &event : Events()) {
        if (event.Name() == "online") {
            workers[static_cast<unsigned>(event.Number("slot"))] =
                static_cast<pid_t>(event.Number("pid"));
        } else if (event.Name() == "exit") {
            workers.erase(static_cast<unsigned>(event.Number("slot")));
        }
    }
    return workers;
}

std::string Cluster::Address(size_t n) {
    return ClientAddress(WaitEvent("setup").List("listeners").at(n));
}

unsigned Cluster::Port(size_t n) {
    return static_cast<unsigned>(WaitEvent("setup").List("listeners").at(n).Number("port"));
}

std::string Cluster::RunMark() {
    const auto id = static_cast<unsigned>(WaitEvent("online").Number("id"));
    const auto environment = Environment(WaitOnline(id));
    const auto found = environment.find("CLUSTERIZE_RUN");
    if (found == environment.end())
        throw std::runtime_error("a worker without CLUSTERIZE_RUN");
    return found->second;
}

std::string Cluster::Describe() const {
    std::string text = Process::Describe();
    text += "--- events\n";
    if (stream) {
        for (const auto &event : stream->events)
            text += event.Dump() + "\n";
    }
    return text;
}

} // namespace harness
