// A worker closes its listening socket and lives on: clients are refused, or go to the others.

#include "Binders.hxx"

#include <cerrno>
#include <csignal>
#include <system_error>

using namespace process;

namespace {

/** How many of so many clients get an answer. */
unsigned Answers(const std::string &address, unsigned count) {
    unsigned answers = 0;
    for (unsigned i = 0; i < count; i++)
        try {
            answers += Contains(Ask(address, "who"), "slot=");
        } catch (const std::exception &) {
        }
    return answers;
}

/** Refused; the first client may still get a connection, which ends at once. */
bool IsSentAway(const std::string &address) {
    try {
        Connection client(address);
        client.Send("who\n");
        return client.Rest().empty();
    } catch (const std::system_error &error) {
        return error.code().value() == ECONNREFUSED || error.code().value() == ECONNRESET ||
               error.code().value() == EPIPE;
    }
}

} // namespace

TEST_CASE("a port that all workers have closed refuses its clients, while another one is served") {
    for (const unsigned workers : {1U, 3U})
        for (const char *balance : {"rr", "none"}) {
            const unsigned closed = FreePort(), open = FreePort();
            Binders cluster({"--balance", balance},
                            {"tcp:" + Local(closed), "tcp:" + Local(open), "wait", "close:0"}, {},
                            workers);
            cluster.WaitUp();
            REQUIRE(WaitFor([&] { return Count(cluster.Out(), "waiting ") == workers; }));
            for (const auto &worker : cluster.Workers())
                kill(worker.second, SIGUSR1);
            cluster.WaitServing();
            CHECK(IsSentAway(Local(closed)));
            CHECK(WaitFor([&] { return IsRefused(Local(closed)); }));
            CHECK(cluster.AllAnswer(Local(open)));
            CHECK(cluster.Stop() == Exited(0));
        }
}

TEST_CASE("clients of a worker that has closed its socket go to the others") {
    const std::string script = "if [ \"$CLUSTERIZE_SLOT\" = 0 ]; then exec \"$@\" wait close:0; fi;"
                               "exec \"$@\"";
    AsEveryone([&](bool nobody) {
        for (const bool asked : {false, true}) {
            const unsigned port = FreePort();
            std::vector<std::string> options = {"-n", "3", "--adopt", "auto"};
            if (asked)
                options.insert(options.end(), {"-p", Local(port)});
            Cluster cluster(
                {.options = options,
                 .command = {"sh", "-c", script, "sh", Program("binder"), "tcp:" + Local(port)},
                 .start = {.nobody = nobody}});
            cluster.WaitUp();
            cluster.WaitOut("waiting ");
            kill(cluster.WaitOnline(1), SIGUSR1);
            cluster.WaitOut("did=close:0");
            // One that comes before the launcher has seen it may be sent away.
            CHECK(WaitFor([&] { return Answers(Local(port), 12) == 12; }));
            CHECK(Answers(Local(port), 30) == 30);
            (void)cluster.Stop();
        }
    });
}
