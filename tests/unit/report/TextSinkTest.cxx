#include "report/TextSink.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

using namespace report;

namespace {

const WorkerEvent WORKER = {{3, 2, 1, 4242}};
const std::vector<ListenerInfo> LISTENERS = {{"web", "::", 8000U, "tcp"},
                                             {"dns", "127.0.0.1", 53U, "udp"},
                                             {"x.sock", "/run/x.sock", std::nullopt, "unix"}};
constexpr const char *ADDRESSES = "[::]:8000, 127.0.0.1:53 (udp), /run/x.sock";

struct Log {
    explicit Log(Level level) : Log(level, level) {}
    Log(Level level, Level serving_level) : sink(outlet, level, serving_level) {}

    std::string operator()(const Event &event) {
        sink.Emit(event, WallTime{});
        return pipe.ReadNow();
    }

    unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    TextSink sink;
};

Setup Serving() {
    return {4, true, {"random", "classic BPF", ""}, LISTENERS};
}

Setup Jobs(unsigned count) {
    return {count, false, {"random", "no listener", ""}, {}};
}

} // namespace

TEST_CASE("the line of the start is held until the first worker runs") {
    Log log(Level::INFO);
    CHECK(log(Serving()).empty());
    CHECK(log(Fork{WORKER}).empty());
    CHECK(log(Online{WORKER}) == std::string("clusterize: starting 4 workers on ") + ADDRESSES +
                                     " (balance random: classic BPF)\n"
                                     "clusterize: worker 3 (slot 2, pid 4242) started\n");
    CHECK(log(Online{WORKER}) == "clusterize: worker 3 (slot 2, pid 4242) started\n");
}

TEST_CASE("for the journal each line begins with its priority") {
    Log log(Level::DEBUG);
    log.sink.MarkPriorities();
    const auto line = [&log](Level level) {
        log.sink.Say(level, "one\ntwo");
        return log.pipe.ReadNow();
    };
    CHECK(line(Level::ERROR) == "<3>clusterize: one\\x0atwo\n");
    CHECK(line(Level::WARN) == "<4>clusterize: one\\x0atwo\n");
    CHECK(line(Level::INFO) == "<6>clusterize: one\\x0atwo\n");
    CHECK(line(Level::DEBUG) == "<7>clusterize: one\\x0atwo\n");
}

TEST_CASE("a start that fails says its failure alone") {
    Log log(Level::INFO);
    CHECK(log(Jobs(1)).empty());
    CHECK(log(Error{"exec", 2, "cannot start 'x': no such thing", 1U, 0U}) ==
          "clusterize: cannot start 'x': no such thing\n");
}

TEST_CASE("one worker without listeners") {
    Log log(Level::INFO);
    log(Jobs(1));
    CHECK(log(Online{WORKER}) ==
          "clusterize: starting 1 worker\nclusterize: worker 3 (slot 2, pid 4242) started\n");
}

TEST_CASE("the sentences of debug") {
    Log log(Level::DEBUG);
    CHECK(log(Fork{WORKER}) == "clusterize: worker 3 (slot 2, pid 4242) was forked\n");
    CHECK(log(Steering{"web", {{0, 1U, ""}, {2, {}, ""}}, {{1, 3U, "not ready"}}}) ==
          "clusterize: listener 'web': connections go to worker 1, seat 2, not to worker 3 (not "
          "ready)\n");
    CHECK(log(Steering{"web", std::vector<SeatInfo>(18, SeatInfo{0, 1U, ""}), {}})
              .ends_with("worker 1 and 2 more\n"));
    CHECK(log(Ready{WORKER, "alive"}) ==
          "clusterize: worker 3 (slot 2, pid 4242) is ready (alive)\n");
}

TEST_CASE("the sentences of info") {
    Log log(Level::INFO);
    CHECK(log(Ready{WORKER, "alive"}).empty());
    CHECK(log(Up{4, LISTENERS}) == std::string("clusterize: up: 4 workers on ") + ADDRESSES + "\n");
    CHECK(log(Up{1, {}}) == "clusterize: up: 1 worker\n");
    CHECK(log(Restart{2, 1, "exit status 1", 2U, 5}) ==
          "clusterize: slot 2 gets a new worker in 1 s: exit status 1 (2 of 5)\n");
    CHECK(log(Failed{2, "killed by SIGSEGV", 5, 30}) ==
          "clusterize: slot 2 has failed: it needed more than 5 new workers in 30 s "
          "(killed by SIGSEGV)\n");
    CHECK(log(Restart{2, 0, "exit status 1", 1U, 5}) ==
          "clusterize: slot 2 gets a new worker now: exit status 1 (1 of 5)\n");
    CHECK(log(Restart{2, 10, "could not be started", std::nullopt, 5}) ==
          "clusterize: slot 2 gets a new worker in 10 s: could not be started (has failed)\n");
    CHECK(log(Exit{WORKER, 0, std::nullopt, false}) ==
          "clusterize: worker 3 (slot 2, pid 4242) exited with status 0\n");
    CHECK(log(Stop{"boot failure", std::nullopt}) == "clusterize: stopping: boot failure\n");
    CHECK(log(Stop{"signal", "SIGTERM"}) == "clusterize: stopping: signal SIGTERM\n");
}

TEST_CASE("an end that nobody asked for is a warning, one that was asked for is not") {
    Log log(Level::WARN);
    log(Serving());
    CHECK(log(Online{WORKER}).empty());
    CHECK(log(Exit{WORKER, 0, std::nullopt, false}).empty());
    CHECK(log(Exit{WORKER, 7, std::nullopt, true}).empty());
    CHECK(log(Exit{WORKER, std::nullopt, "SIGTERM", true}).empty());
    CHECK(log(Exit{WORKER, 7, std::nullopt, false}) ==
          "clusterize: worker 3 (slot 2, pid 4242) exited with status 7\n");
    CHECK(log(Exit{WORKER, std::nullopt, "SIGSEGV", false}) ==
          "clusterize: worker 3 (slot 2, pid 4242) was killed by SIGSEGV\n");
    CHECK(log(Exit{WORKER, std::nullopt, "SIGKILL", true, "it was late"}) ==
          "clusterize: worker 3 (slot 2, pid 4242) was killed by SIGKILL, as it was late\n");
    CHECK(log(Exit{WORKER, std::nullopt, "SIGKILL", false, std::nullopt, true}) ==
          "clusterize: worker 3 (slot 2, pid 4242) was killed by SIGKILL, out of memory\n");
}

TEST_CASE("the status of one job is the launcher's own: only a signal is said") {
    Log log(Level::WARN);
    log(Jobs(1));
    CHECK(log(Exit{WORKER, 7, std::nullopt, false}).empty());
    CHECK(log(Exit{WORKER, std::nullopt, "SIGSEGV", false}) ==
          "clusterize: worker 3 (slot 2, pid 4242) was killed by SIGSEGV\n");
    Log many(Level::WARN);
    many(Jobs(2));
    CHECK_FALSE(many(Exit{WORKER, 7, std::nullopt, false}).empty());
}

TEST_CASE("error says errors only") {
    Log log(Level::ERROR);
    log(Serving());
    CHECK(log(Online{WORKER}).empty());
    CHECK(log(Exit{WORKER, std::nullopt, "SIGSEGV", false}).empty());
    CHECK(log(Error{"exec", 2, "message", 1U, 0U}) == "clusterize: message\n");
}

TEST_CASE("sentences by level") {
    Log log(Level::WARN);
    log.sink.Say(Level::INFO, "info");
    log.sink.Say(Level::DEBUG, "debug");
    CHECK(log.pipe.ReadNow().empty());
    log.sink.Say(Level::WARN, "warn");
    log.sink.Say(Level::ERROR, "error");
    CHECK(log.pipe.ReadNow() == "clusterize: warn\nclusterize: error\n");
}

TEST_CASE("dropped, where a sink for people ever gets it") {
    Log log(Level::WARN);
    CHECK(log(Dropped{3}) == "clusterize: 3 events were lost\n");
}

TEST_CASE("lines that were lost are counted for people too") {
    Log log(Level::INFO);
    const std::string large(100'000, 'm');
    for (int i = 0; i < 20; i++)
        log.sink.Say(Level::INFO, large);
    std::string all;
    for (std::string more = log.pipe.ReadNow(); !more.empty(); more = log.pipe.ReadNow()) {
        all += more;
        log.sink.Finish();
    }
    const auto kept = all.size() / (large.size() + 13);
    CHECK(all.size() % (large.size() + 13) == 0);
    log.sink.Say(Level::INFO, "back");
    CHECK(log.pipe.ReadNow() == "clusterize: " + std::to_string(20 - kept) +
                                    " lines of this log were lost\nclusterize: back\n");
}

TEST_CASE("jobs that become a serving cluster: where, and the level from then on") {
    Log log(Level::WARN, Level::INFO);
    CHECK(log(Jobs(1)).empty());
    CHECK(log(Online{WORKER}).empty());
    CHECK(log(Exit{WORKER, 3, std::nullopt, false}).empty()); // the only job
    CHECK(log(Setup{1, true, {"random", "one worker", ""}, {LISTENERS[0]}}) ==
          "clusterize: serving [::]:8000 from now on (balance random: one worker)\n");
    CHECK(log(Online{WORKER}) == "clusterize: worker 3 (slot 2, pid 4242) started\n");
    CHECK_FALSE(log(Exit{WORKER, 3, std::nullopt, false}).empty());
}

TEST_CASE("a level that was asked for stays") {
    Log log(Level::WARN);
    log(Jobs(2));
    CHECK(log(Setup{2, true, {"random", "", ""}, {LISTENERS[0]}}).empty());
    CHECK(log(Online{WORKER}).empty());
}

TEST_CASE("listening: where, and whether by itself") {
    Log log(Level::DEBUG);
    CHECK(log(Listening{WORKER, "::1", 8000, 6, true}) ==
          "clusterize: worker 3 (slot 2, pid 4242) listens on [::1]:8000, which it has bound by "
          "itself\n");
    CHECK(log(Listening{WORKER, "/run/x", -1, -1, false}) ==
          "clusterize: worker 3 (slot 2, pid 4242) listens on /run/x\n");
    Log quiet(Level::INFO);
    CHECK(quiet(Listening{WORKER, "::1", 8000, 6, true}).empty());
}

TEST_CASE("a name that a worker chose forges no line and commands no terminal") {
    Log log(Level::DEBUG);
    CHECK(log(Listening{WORKER, "/run/x\nclusterize: up: 9 workers\x1b[31m", -1, -1, true}) ==
          "clusterize: worker 3 (slot 2, pid 4242) listens on /run/x\\x0aclusterize: up: 9 "
          "workers\\x1b[31m, which it has bound by itself\n");
    log.sink.Say(Level::INFO, "/run/y\n\xc2\x9b is served");
    CHECK(log.pipe.ReadNow() == "clusterize: /run/y\\x0a\\xc2\\x9b is served\n");
}
