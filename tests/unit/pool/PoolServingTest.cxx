#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

// Where workers listen, and jobs that become a serving cluster by it.

using namespace unit;
using Kind = Outcome::Kind;

namespace {

/** Jobs as they are where adoption is on. */
PoolSpec Jobs(unsigned slots, RestartWhen when = RestartWhen::ALWAYS) {
    PoolSpec spec = Cluster::MakeSpec(slots, false);
    spec.restart.when = when;
    return spec;
}

net::Endpoint Tcp(unsigned port) {
    net::Endpoint at;
    at.address = *net::Address::FromLiteral("127.0.0.1", port);
    return at;
}

net::Endpoint Udp(unsigned port) {
    net::Endpoint at = Tcp(port);
    at.type = SOCK_DGRAM;
    return at;
}

net::Endpoint Unix() {
    net::Endpoint at;
    at.address = net::Address::Unix("/run/x", false);
    return at;
}

void Listen(Cluster &cluster, unsigned id, unsigned slot, const net::Endpoint &at = Tcp(8000),
            bool adopted = true) {
    cluster.pool.Listening({id, slot, 1, Cluster::Pid(static_cast<int>(id))}, at, adopted);
}

/** The events `listening`, as Node would write them. */
class Places final : public report::Sink {
public:
    explicit Places(std::string &_text) : text(_text) {}
    void Emit(const report::Event &event, report::WallTime) noexcept override {
        if (const auto *listening = std::get_if<report::Listening>(&event)) {
            const auto *word = std::get_if<std::string_view>(&listening->address_type);
            text += std::to_string(listening->worker.id) + " " + listening->address + " " +
                    std::to_string(listening->port) + " " +
                    (word != nullptr ? std::string(*word)
                                     : std::to_string(std::get<int>(listening->address_type))) +
                    (listening->adopted ? " adopted;" : ";");
        }
    }

private:
    std::string &text;
};

} // namespace

TEST_CASE("listening is said once for each worker and address, as Node names it") {
    Cluster cluster(Cluster::MakeSpec(2));
    std::string places;
    cluster.reporter.Add(std::make_unique<Places>(places));
    cluster.Start();
    net::Endpoint v6 = Tcp(0);
    v6.address = net::Address::Any(AF_INET6, 8001);
    net::Endpoint udp6 = v6;
    udp6.type = SOCK_DGRAM;
    Listen(cluster, 1, 0);
    Listen(cluster, 1, 0);
    Listen(cluster, 1, 0, v6, false);
    Listen(cluster, 2, 1);
    CHECK(places == "1 127.0.0.1 8000 4 adopted;1 :: 8001 6;2 127.0.0.1 8000 4 adopted;");
    places.clear();
    Listen(cluster, 2, 1, Unix(), false);
    Listen(cluster, 2, 1, Udp(53));
    Listen(cluster, 2, 1, udp6);
    CHECK(places == "2 /run/x -1 -1;2 127.0.0.1 53 udp4 adopted;2 :: 8001 udp6 adopted;");
    places.clear();
    Listen(cluster, 9, 1); // nobody
    CHECK(places.empty());
    cluster.Exit(1, 1);
    cluster.Pass(1s);
    Listen(cluster, 1, 0); // no longer there
    CHECK(places.empty());
    Listen(cluster, 3, 0); // its replacement
    CHECK(places == "3 127.0.0.1 8000 4 adopted;");
}

TEST_CASE("who listens is ready, and after that nobody is for being alive") {
    Cluster cluster(Cluster::MakeSpec(2));
    cluster.Start();
    cluster.Log();
    Listen(cluster, 1, 0);
    CHECK(cluster.Log() == "listening ready ");
    cluster.Pass(30s);
    CHECK(cluster.Log().empty());
    Listen(cluster, 2, 1, Unix());
    CHECK(cluster.Log() == "listening ready up ");
}

TEST_CASE("jobs are a serving cluster as soon as one listens on an adopted TCP port") {
    Cluster cluster(Jobs(2));
    int told = 0;
    struct Observer {
        int &told;
        void OnServing() noexcept { told++; }
    } serving{told};
    cluster.pool.OnServing(util::Bind<&Observer::OnServing>(serving));
    cluster.Start();
    CHECK_FALSE(cluster.pool.IsServing());
    cluster.Pass(1h); // nothing has a limit yet
    cluster.Log();
    Listen(cluster, 1, 0);
    CHECK(cluster.pool.IsServing());
    CHECK(told == 1);
    CHECK(cluster.Log() == "listening ready ");
    Listen(cluster, 2, 1);
    CHECK(cluster.Log() == "listening ready up ");
    CHECK(told == 1);
    cluster.Exit(1, 0);
    cluster.Pass(1s);
    CHECK(cluster.Log() == "exit0 restart100 fork online ");
    CHECK(cluster.pool.GetOutcome().kind == Kind::COMPLETED);
    cluster.Pass(60s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {3})); // it did not listen
}

TEST_CASE("those that start have the time to be ready from then on") {
    Cluster cluster(Jobs(2));
    cluster.Start();
    cluster.Pass(1h);
    Listen(cluster, 1, 0);
    cluster.Log();
    cluster.Pass(59s);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1s);
    CHECK(cluster.Log() == "error:ready ");
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
}

TEST_CASE("what makes no serving cluster of jobs") {
    for (const auto &[at, adopted] :
         {std::pair(Tcp(8000), false), {Unix(), true}, {Udp(53), true}}) {
        Cluster cluster(Jobs(1));
        cluster.Start();
        Listen(cluster, 1, 0, at, adopted);
        CHECK_FALSE(cluster.pool.IsServing());
        CHECK(cluster.Log() == "fork online listening ");
        cluster.pool.Ready({1, 0, 1, Cluster::Pid(1)}, Sign::NOTIFY);
        cluster.pool.Ready({1, 0, 1, Cluster::Pid(1)}, Sign::ALIVE);
        CHECK(cluster.Log().empty());
        cluster.Exit(1, 0);
        CHECK(cluster.finished == 1);
    }
}

TEST_CASE("who listened on a unix socket before is ready at once") {
    Cluster cluster(Jobs(2));
    cluster.Start();
    Listen(cluster, 1, 0, Unix());
    cluster.Log();
    Listen(cluster, 2, 1);
    CHECK(cluster.Log() == "listening ready ready up ");
}

TEST_CASE("a job that had ended by then is a boot failure, with its status") {
    for (const int status : {0, 7}) {
        Cluster cluster(Jobs(3));
        cluster.Start();
        cluster.Exit(2, status);
        cluster.Pass(1s);
        cluster.Exit(1, 9);
        cluster.Log();
        Listen(cluster, 3, 2);
        CHECK(cluster.Log() == "listening error:boot stop:boot failure ");
        CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {3}));
        cluster.Exit(3, 0);
        CHECK(cluster.finished == 1);
        CHECK(cluster.pool.GetOutcome().kind == Kind::BOOT_FAILED);
        CHECK(cluster.pool.GetOutcome().failure->Code() == status); // of the first
        CHECK(cluster.launcher.launched == 3);
    }
}

TEST_CASE("in a stop nothing begins to serve") {
    Cluster cluster(Cluster::MakeSpec(2, false, 5s));
    cluster.Start();
    cluster.Ask();
    cluster.Log();
    Listen(cluster, 1, 0);
    CHECK(cluster.Log() == "listening ");
    CHECK_FALSE(cluster.pool.IsServing());
}

TEST_CASE("--restart no: it serves, and replaces none") {
    Cluster cluster(Jobs(2, RestartWhen::NO));
    cluster.Start();
    Listen(cluster, 1, 0);
    Listen(cluster, 2, 1);
    cluster.Log();
    cluster.Exit(1, 1);
    cluster.Exit(2, 0);
    CHECK(cluster.Log() == "exit1 exit0 ");
    CHECK(cluster.finished == 1);
    CHECK(cluster.pool.GetOutcome().failure->Code() == 1);
}

TEST_CASE("slots whose turn has not come yet start as those of a serving cluster") {
    Cluster cluster(Jobs(2));
    cluster.pool.Start();
    Listen(cluster, 1, 0);
    cluster.loop.Turn(loop::Loop::Wait::NO);
    CHECK(cluster.launcher.launched == 2);
    cluster.Pass(60s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
}
