#include "Volley.hxx"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <system_error>

using namespace harness;

namespace {

/** A connection at the server's end, or one that waits to be accepted: that has no inode yet. */
struct Row {
    unsigned local_port, remote_port;
    unsigned long inode;
};

unsigned PortIn(const std::string &address) {
    return static_cast<unsigned>(std::stoul(address.substr(address.rfind(':') + 1), nullptr, 16));
}

/** All TCP sockets of this network namespace; proc(5), /proc/net/tcp. */
std::vector<Row> TcpSockets() {
    std::vector<Row> rows;
    for (const char *file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::istringstream lines(ReadFile(file));
        std::string line;
        std::getline(lines, line); // the heading
        while (std::getline(lines, line)) {
            std::istringstream words(line);
            std::string skip, local, remote, inode;
            words >> skip >> local >> remote;
            for (int i = 0; i < 6; ++i)
                words >> skip;
            words >> inode;
            rows.push_back({PortIn(local), PortIn(remote), std::stoul(inode)});
        }
    }
    return rows;
}

std::vector<pid_t> Family(pid_t worker) {
    auto family = Descendants(worker);
    family.push_back(worker);
    return family;
}

/** All threads of it have come to a halt, or it has ended. */
bool IsStopped(pid_t pid) {
    std::error_code gone;
    const auto path = "/proc/" + std::to_string(pid) + "/task";
    for (const auto &task : std::filesystem::directory_iterator(path, gone)) {
        const auto stat = ReadFile(task.path() / "stat");
        const auto end = stat.rfind(") ");
        if (end != std::string::npos && std::string("TZX").find(stat[end + 2]) == std::string::npos)
            return false;
    }
    return true;
}

/** The other ends of the connections to a port that these processes have accepted. */
std::set<unsigned> HeldBy(const std::vector<pid_t> &processes, unsigned server_port) {
    std::set<unsigned long> inodes;
    for (const auto pid : processes)
        for (const auto &descriptor : Descriptors(pid))
            inodes.insert(SocketInode(descriptor.second));
    inodes.erase(0);
    std::set<unsigned> held;
    for (const auto &row : TcpSockets())
        if (row.local_port == server_port && inodes.contains(row.inode))
            held.insert(row.remote_port);
    return held;
}

unsigned ServerPort(const std::string &address) {
    return static_cast<unsigned>(std::stoul(address.substr(address.rfind(':') + 1)));
}

} // namespace

Volley::Volley(std::string address_, std::string question_)
    : address(std::move(address_)), question(std::move(question_)) {}

void Volley::Ask(unsigned count, const char *opened) {
    for (unsigned i = 0; i < count; ++i) {
        Connection connection(address);
        connection.Send(question);
        const unsigned port = PortOf(connection.Socket());
        requests.push_back({std::move(connection), port, "", opened});
    }
}

void Volley::AskHalves(unsigned count) {
    const auto half = question.size() / 2;
    for (unsigned i = 0; i < count; ++i) {
        Connection connection(address);
        connection.Send(question.substr(0, half));
        const unsigned port = PortOf(connection.Socket());
        requests.push_back({std::move(connection), port, question.substr(half), "in two halves"});
    }
}

void Volley::SendOtherHalves() {
    for (auto &request : requests) {
        try {
            if (!request.unsent.empty())
                request.connection.Send(request.unsent);
        } catch (const std::system_error &) {
            // Reset: Finish() finds that out, too.
        }
        request.unsent.clear();
    }
}

size_t Volley::CountHeld(pid_t worker) const {
    return HeldBy(Family(worker), ServerPort(address)).size();
}

std::vector<pid_t> Volley::Kill(pid_t worker) {
    std::vector<pid_t> family;
    const auto stop = [&] {
        // What it starts meanwhile is found in the next round.
        return WaitFor(
            [&] {
                family = Family(worker);
                for (const auto pid : family)
                    (void)kill(pid, SIGSTOP);
                return std::all_of(family.begin(), family.end(), IsStopped) &&
                       Family(worker) == family;
            },
            std::chrono::seconds(1));
    };
    // Who waits in vfork(2) for a child that was stopped before its exec does not stop: they go on for a moment.
    const bool stopped = WaitFor([&] {
        if (stop())
            return true;
        for (const auto pid : family)
            (void)kill(pid, SIGCONT);
        return false;
    });
    REQUIRE(stopped);
    Ask(8, "while the worker was stopped");
    held = HeldBy(family, ServerPort(address));
    REQUIRE(kill(worker, SIGKILL) == 0);
    family.pop_back();
    return family;
}

Volley::Losses Volley::Finish(const std::function<bool(const std::string &)> &is_answer) {
    Losses losses;
    for (auto &request : requests) {
        std::string lost;
        try {
            // Closed with its turn: php-fpm's process waits for that before it takes the next.
            Connection connection = std::move(request.connection);
            const auto reply = connection.Rest();
            if (is_answer(reply))
                ++losses.answered;
            else
                lost = "the reply was \"" + reply + "\"";
        } catch (const std::system_error &e) {
            lost = e.what();
        }
        if (lost.empty())
            continue;
        lost = std::string("a request sent ") + request.opened + ": " + lost;
        (held.contains(request.client_port) ? losses.allowed : losses.wrong).push_back(lost);
    }
    return losses;
}
