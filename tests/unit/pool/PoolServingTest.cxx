#include "unit/pool/FakeCluster.hxx"

#include <doctest/doctest.h>

#include <unistd.h>

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

/** A listener that a worker has bound, on a free port. */
net::Listener &Open(Cluster &cluster, int type, const net::Address &address) {
    net::ListenSpec spec;
    spec.origin = net::ListenSpec::Origin::ADOPTED;
    spec.at.type = type;
    spec.at.address = address;
    return cluster.table.Open(spec);
}

net::Listener &Tcp(Cluster &cluster) {
    return Open(cluster, SOCK_STREAM, *net::Address::FromLiteral("127.0.0.1", 0));
}

net::Listener &Udp(Cluster &cluster) {
    return Open(cluster, SOCK_DGRAM, *net::Address::FromLiteral("127.0.0.1", 0));
}

net::Listener &Unix(Cluster &cluster) {
    static int count = 0;
    return Open(cluster, SOCK_STREAM,
                net::Address::Unix("clusterize-test-" + std::to_string(getpid()) + "-" +
                                       std::to_string(count++),
                                   true));
}

void Listen(Cluster &cluster, unsigned id, unsigned slot, net::Listener &listener,
            How how = How::ADOPTED) {
    cluster.facts.Listening({id, slot, 1, Cluster::Pid(static_cast<int>(id)), slot}, listener, how);
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

TEST_CASE("listening is told once for each worker and address, as Node names it") {
    Cluster cluster(2);
    cluster.StartAndServe();
    std::string places;
    cluster.reporter.Add(std::make_unique<Places>(places));
    net::Listener &tcp = Tcp(cluster), &udp = Udp(cluster), &local = Unix(cluster);
    net::Listener &v6 = Open(cluster, SOCK_STREAM, net::Address::Any(AF_INET6, 0));
    const auto port = [](const net::Listener &listener) {
        return std::to_string(*listener.Spec().at.address.Port());
    };
    Listen(cluster, 1, 0, tcp);
    Listen(cluster, 1, 0, tcp);
    Listen(cluster, 1, 0, v6, How::HANDED);
    Listen(cluster, 2, 1, tcp);
    CHECK(places == "1 127.0.0.1 " + port(tcp) + " 4 adopted;1 :: " + port(v6) + " 6;2 127.0.0.1 " +
                        port(tcp) + " 4 adopted;");
    places.clear();
    Listen(cluster, 2, 1, local, How::HANDED);
    Listen(cluster, 2, 1, udp);
    CHECK(places == "2 " + local.Spec().at.address.Host() + " -1 -1;2 127.0.0.1 " + port(udp) +
                        " udp4 adopted;");
    places.clear();
    Listen(cluster, 9, 1, tcp); // nobody
    CHECK(places.empty());
    cluster.Exit(1, 1);
    cluster.Pass(1s);
    Listen(cluster, 1, 0, tcp); // it is gone
    CHECK(places.empty());
    Listen(cluster, 3, 0, tcp); // its replacement
    CHECK(places == "3 127.0.0.1 " + port(tcp) + " 4 adopted;");
}

TEST_CASE("who listens is ready, and after that nobody is for being alive") {
    Cluster cluster(Cluster::MakeSpec(2));
    cluster.Start();
    cluster.Log();
    Listen(cluster, 1, 0, Tcp(cluster));
    CHECK(cluster.Log() == "listening ready ");
    cluster.Pass(30s);
    CHECK(cluster.Log().empty());
    Listen(cluster, 2, 1, Unix(cluster));
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
    Listen(cluster, 1, 0, Tcp(cluster));
    CHECK(cluster.pool.IsServing());
    CHECK(told == 1);
    CHECK(cluster.Log() == "listening ready ");
    Listen(cluster, 2, 1, Tcp(cluster));
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
    Listen(cluster, 1, 0, Tcp(cluster));
    cluster.Log();
    cluster.Pass(59s);
    CHECK(kernel::TakeSignals().empty());
    cluster.Pass(1s);
    CHECK(cluster.Log() == "error:ready ");
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
}

TEST_CASE("what makes no serving cluster of jobs") {
    for (const auto &[open, how] :
         {std::pair(&Tcp, How::HANDED), {&Unix, How::ADOPTED}, {&Udp, How::ADOPTED}}) {
        Cluster cluster(Jobs(1));
        cluster.Start();
        Listen(cluster, 1, 0, open(cluster), how);
        CHECK_FALSE(cluster.pool.IsServing());
        CHECK(cluster.Log() == "fork online listening ");
        cluster.facts.Ready({1, 0, 1, Cluster::Pid(1)}, Sign::NOTIFY);
        cluster.facts.Ready({1, 0, 1, Cluster::Pid(1)}, Sign::ALIVE);
        CHECK(cluster.Log().empty());
        cluster.Exit(1, 0);
        CHECK(cluster.finished == 1);
    }
}

TEST_CASE("jobs are a serving cluster when a second slot listens on one unix socket") {
    Cluster cluster(Jobs(3));
    cluster.Start();
    net::Listener &shared = Unix(cluster);
    Listen(cluster, 1, 0, shared);
    Listen(cluster, 1, 0, shared);
    Listen(cluster, 2, 1, Unix(cluster)); // one of its own
    Listen(cluster, 2, 1, shared, How::HANDED);
    CHECK_FALSE(cluster.pool.IsServing());
    cluster.Log();
    Listen(cluster, 3, 2, shared);
    CHECK(cluster.pool.IsServing());
    CHECK(cluster.Log() == "listening ready ready ready up ");
    cluster.Exit(1, 0);
    cluster.Pass(1s);
    CHECK(cluster.Log() == "exit0 restart100 fork online ");
}

TEST_CASE("a unix socket that one job after the other listens on: jobs they stay") {
    Cluster cluster(Jobs(2));
    cluster.Start();
    net::Listener &one = Unix(cluster);
    Listen(cluster, 1, 0, one);
    cluster.Exit(1, 0);
    cluster.Pass(1s);
    Listen(cluster, 2, 1, one);
    CHECK_FALSE(cluster.pool.IsServing());
    cluster.Exit(2, 0);
    CHECK(cluster.finished == 1);
}

TEST_CASE("who listened on a unix socket before is ready at once") {
    Cluster cluster(Jobs(2));
    cluster.Start();
    Listen(cluster, 1, 0, Unix(cluster));
    cluster.Log();
    Listen(cluster, 2, 1, Tcp(cluster));
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
        Listen(cluster, 3, 2, Tcp(cluster));
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
    Listen(cluster, 1, 0, Tcp(cluster));
    CHECK(cluster.Log() == "listening ");
    CHECK_FALSE(cluster.pool.IsServing());
}

TEST_CASE("--restart no: it serves, and replaces none") {
    Cluster cluster(Jobs(2, RestartWhen::NO));
    cluster.Start();
    Listen(cluster, 1, 0, Tcp(cluster));
    Listen(cluster, 2, 1, Tcp(cluster));
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
    Listen(cluster, 1, 0, Tcp(cluster));
    cluster.loop.Turn(loop::Loop::Wait::NO);
    CHECK(cluster.launcher.launched == 2);
    cluster.Pass(60s);
    CHECK(kernel::TakeSignals() == cluster.Signals("TERM", {2}));
}
