/**
 * Asks an HTTP server on 127.0.0.1 and prints, as JSON, who has answered when. The first line of each answer's body
 * is taken for the name of the worker.
 *
 *     load PORT [OPTION VALUE]…
 *
 *     --requests N     so many in all (1000)
 *     --clients K      a closed loop: K clients, of which each asks again when it was answered (32)
 *     --quota 1        of the closed loop: each client makes its own part of the requests, however fast the others are
 *     --rate R         an open loop instead: R requests a second, whatever becomes of those before
 *     --patience S     a request that is not answered after S seconds is lost (5)
 *     --seconds S      no request begins later than that (60)
 *     --keep-alive 1   of the closed loop: a client asks again on the same connection; else each has its own
 *     --slow P         P of 100 requests ask for `/slow` instead of `/`, drawn by the same numbers in each run
 *
 * {"seconds":S,"late":N,"failed":N,"workers":[NAME,…],"answers":[[WORKER,SLOW,BEGIN,TIME],…]}: those not answered in
 * time, those whose connection failed or that were not answered with 200, and of each answer the index of its worker,
 * 1 where it was a slow request, and in microseconds when it was asked since the start, and the time it took. In the
 * open loop both count from when it was due, not from when this program came to it.
 */

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

struct Options {
    int port = 0;
    double requests = 1000, clients = 32, quota = 0, rate = 0, patience = 5, seconds = 60;
    double keep_alive = 0, slow = 0;
};

struct Answer {
    size_t worker;
    bool slow;
    double begin, time;
};

/** One request after the other; in the open loop one. */
struct Client {
    int fd = -1;
    long quota = 0; // requests that it has yet to begin
    long serial = 0; // of the request under way
    double begin = 0;
    bool slow = false, asked = false, answered = false;
    bool reused = false; // the connection has been answered on before
    std::string reply;
};

struct Deadline {
    double time;
    size_t client;
    long serial;
};

Options options;
sockaddr_in address{};
int epoll = -1;
std::vector<Client> clients;
std::vector<size_t> idle; // of the open loop
std::deque<Deadline> deadlines;
std::vector<Answer> answers;
std::map<std::string, size_t, std::less<>> workers;
std::minstd_rand random_numbers{1};
long begun = 0, done = 0, late = 0, failed = 0, serials = 0;
double start = 0;

/** Since the start. */
double Now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 - start;
}

[[noreturn]] void Fail(const char *what) {
    std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

void Watch(int operation, size_t which, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = which;
    if (epoll_ctl(epoll, operation, clients[which].fd, &event) < 0)
        Fail("epoll_ctl");
}

/** False when the connection is not there yet; errors show when the answer is read. */
bool Ask(Client &client) {
    std::string request = client.slow ? "GET /slow HTTP/1.1\r\n" : "GET / HTTP/1.1\r\n";
    request += "Host: localhost\r\n";
    request += options.keep_alive != 0 ? "\r\n" : "Connection: close\r\n\r\n";
    if (send(client.fd, request.data(), request.size(), MSG_NOSIGNAL) < 0 && errno == EAGAIN)
        return false;
    client.asked = true;
    return true;
}

void Connect(size_t which) {
    auto &client = clients[which];
    client.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client.fd < 0)
        Fail("socket");
    const int on = 1;
    if (setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        Fail("setsockopt");
    if (connect(client.fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) < 0 &&
        errno != EINPROGRESS && errno != ECONNREFUSED)
        Fail("connect");
    client.asked = client.reused = false;
    client.reply.clear();
    // On the loopback the handshake is over when connect() returns.
    Watch(EPOLL_CTL_ADD, which, Ask(client) ? EPOLLIN : EPOLLOUT);
}

bool MayBegin() {
    return begun < static_cast<long>(options.requests) && Now() < options.seconds;
}

void Begin(size_t which, double due) {
    auto &client = clients[which];
    client.begin = due;
    client.serial = ++serials;
    client.slow =
        options.slow > 0 && std::uniform_real_distribution<>(0, 100)(random_numbers) < options.slow;
    client.answered = false;
    ++begun;
    deadlines.push_back({due + options.patience, which, client.serial});
    if (client.fd < 0) {
        Connect(which);
        return;
    }
    client.reused = true;
    client.reply.clear();
    client.asked = false;
    if (!Ask(client))
        Watch(EPOLL_CTL_MOD, which, EPOLLOUT);
}

/** Neither descriptor nor request afterwards. */
void Close(Client &client) {
    close(client.fd);
    client.fd = -1;
}

/** The request of this client is over: its next one. */
void Next(size_t which) {
    auto &client = clients[which];
    client.serial = 0;
    ++done;
    if (options.rate > 0) {
        idle.push_back(which);
        return;
    }
    if ((options.quota != 0 && client.quota == 0) || !MayBegin()) {
        if (client.fd >= 0)
            Close(client);
        return;
    }
    --client.quota;
    Begin(which, Now());
}

size_t WorkerOf(std::string_view body) {
    body = body.substr(0, body.find_first_of("\r\n"));
    std::string name;
    for (const char c : body.substr(0, 64))
        name += c > ' ' && c <= '~' && c != '"' && c != '\\' ? c : '_';
    return workers.try_emplace(name, workers.size()).first->second;
}

/** The length of the body; negative where it ends with the connection. */
long BodyLength(std::string_view head) {
    std::string lower(head);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto at = lower.find("\r\ncontent-length:");
    return at == std::string::npos ? -1 : std::atol(lower.c_str() + at + 17);
}

/** Looks whether what has arrived is a whole answer. */
void Judge(Client &client, bool at_end) {
    const std::string_view reply = client.reply;
    const auto head = reply.find("\r\n\r\n");
    if (client.answered || head == std::string_view::npos || reply.substr(8, 5) != " 200 ")
        return;
    const auto body = reply.substr(head + 4);
    const long length = BodyLength(reply.substr(0, head));
    if (length < 0 ? !at_end : body.size() < static_cast<size_t>(length))
        return;
    client.answered = true;
    answers.push_back({WorkerOf(body), client.slow, client.begin, Now() - client.begin});
}

void Step(size_t which) {
    auto &client = clients[which];
    if (!client.asked) {
        if (Ask(client))
            Watch(EPOLL_CTL_MOD, which, EPOLLIN);
        return;
    }
    char buffer[4096];
    const auto n = read(client.fd, buffer, sizeof buffer);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n > 0) {
        client.reply.append(buffer, static_cast<size_t>(n));
        Judge(client, false);
        if (client.answered && options.keep_alive != 0)
            Next(which);
        return;
    }
    if (client.serial == 0) // between two requests
        return Close(client);
    const bool silent = client.reply.empty();
    Judge(client, true);
    Close(client);
    // A server may close a connection that was idle just when it is asked again.
    if (silent && client.reused)
        return Connect(which);
    failed += !client.answered;
    Next(which);
}

/** Gives up what has waited for too long. */
void Expire(double now) {
    while (!deadlines.empty()) {
        const auto [time, which, serial] = deadlines.front();
        auto &client = clients[which];
        if (client.serial == serial && time > now)
            return;
        deadlines.pop_front();
        if (client.serial != serial)
            continue;
        late += !client.answered;
        Close(client);
        Next(which);
    }
}

/** Begins what is due in the open loop; returns when the next one is, infinity where none is. */
double BeginDue() {
    if (options.rate <= 0)
        return INFINITY;
    while (MayBegin()) {
        const double due = static_cast<double>(begun) / options.rate;
        if (due > Now())
            return due;
        if (idle.empty()) {
            idle.push_back(clients.size());
            clients.emplace_back();
        }
        const size_t which = idle.back();
        idle.pop_back();
        Begin(which, due);
    }
    return INFINITY;
}

void Wait(double until) {
    epoll_event events[64];
    // Nothing takes longer than this: all requests have a deadline.
    const double wait = std::clamp(until - Now(), 0.0, 60.0);
    const timespec limit = {static_cast<time_t>(wait),
                            static_cast<long>((wait - std::floor(wait)) * 1e9)};
    const int n = epoll_pwait2(epoll, events, 64, &limit, nullptr);
    if (n < 0 && errno != EINTR)
        Fail("epoll_pwait2");
    for (int i = 0; i < n; ++i)
        if (clients[events[i].data.u64].fd >= 0)
            Step(events[i].data.u64);
}

void StartClosedLoop() {
    const auto count = static_cast<size_t>(std::min(options.clients, options.requests));
    clients.resize(count);
    for (size_t i = 0; i < count; ++i) {
        clients[i].quota = static_cast<long>(options.requests / static_cast<double>(count)) +
                           (i < static_cast<size_t>(options.requests) % count ? 1 : 0) - 1;
        Begin(i, Now());
    }
}

void Print(double seconds) {
    std::vector<std::string_view> names(workers.size());
    for (const auto &[name, index] : workers)
        names[index] = name;
    std::printf("{\"seconds\":%.6f,\"late\":%ld,\"failed\":%ld,\"workers\":[", seconds, late,
                failed);
    for (size_t i = 0; i < names.size(); ++i)
        std::printf("%s\"%.*s\"", i ? "," : "", static_cast<int>(names[i].size()), names[i].data());
    std::printf("],\"answers\":[");
    for (size_t i = 0; i < answers.size(); ++i)
        std::printf("%s[%zu,%d,%.0f,%.0f]", i ? "," : "", answers[i].worker, answers[i].slow,
                    answers[i].begin * 1e6, answers[i].time * 1e6);
    std::printf("]}\n");
}

/** False where they cannot be read. */
bool ReadWords(int argc, char **argv) {
    if (argc < 2 || argc % 2 != 0)
        return false;
    options.port = std::atoi(argv[1]);
    const std::map<std::string_view, double *> values = {
        {"--requests", &options.requests},     {"--clients", &options.clients},
        {"--quota", &options.quota},           {"--rate", &options.rate},
        {"--patience", &options.patience},     {"--seconds", &options.seconds},
        {"--keep-alive", &options.keep_alive}, {"--slow", &options.slow}};
    for (int i = 2; i < argc; i += 2) {
        const auto value = values.find(argv[i]);
        if (value == values.end())
            return false;
        *value->second = std::atof(argv[i + 1]);
    }
    return options.requests >= 1 && options.clients >= 1 && options.patience > 0;
}

} // namespace

int main(int argc, char **argv) {
    if (!ReadWords(argc, argv)) {
        std::fprintf(stderr, "usage: load PORT [OPTION VALUE]…\n");
        return 2;
    }
    // The open loop has as many connections as are not answered.
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(options.port));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        Fail("epoll_create1");
    answers.reserve(static_cast<size_t>(std::min(options.requests, 1e6)));

    start = Now();
    if (options.rate <= 0)
        StartClosedLoop();
    for (;;) {
        const double due = BeginDue();
        Expire(Now());
        if (done == begun && std::isinf(due))
            break;
        Wait(deadlines.empty() ? due : std::min(due, deadlines.front().time));
    }
    Print(Now());
    return 0;
}
