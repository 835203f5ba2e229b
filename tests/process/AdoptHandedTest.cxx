// With -p a worker has descriptor 3 of the socket that it binds itself: no proof that it listens.

#include "Binders.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

/** The line of slot 0, beginning with the word. */
std::string LineOf(Cluster &cluster, const std::string &word) {
    std::string found;
    REQUIRE(WaitFor([&] {
        for (const std::string &line : Lines(cluster.Out()))
            if (line.starts_with(word))
                found = line;
        return !found.empty();
    }));
    return found;
}

} // namespace

TEST_CASE("-p: a worker listens, closes and listens again, without EADDRINUSE") {
    for (const char *host : {"127.0.0.1", "0.0.0.0"}) {
        const std::string address = host + (":" + std::to_string(FreePort()));
        const std::string step = "tcp:" + address;
        Binders cluster({"-p", address}, {step, "close:0", step, "close:2", step});
        cluster.WaitServing();
        for (const unsigned number : {0U, 2U, 4U}) {
            CHECK(cluster.Same(number, "bind") == "0");
            CHECK(cluster.Same(number, "listen") == "0");
        }
        CHECK(cluster.AllAnswer(address));
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("-p: a shell that starts a crashing server again and again has the port each time") {
    const std::string step = "tcp:" + Local(FreePort());
    const std::string script = "for i in 1 2 3; do \"$0\" \"$1\" exit:1; done; \"$0\" \"$1\"; true";
    Cluster cluster({.options = {"-n", "2", "-p", step.substr(4)},
                     .command = {"sh", "-c", script, Program("binder"), step}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    CHECK(Count(cluster.Out(), "bind=0") == 8);
    CHECK_FALSE(Contains(cluster.Out(), "EADDRINUSE"));
    CHECK(Contains(Ask(step.substr(4), "who"), "slot="));
    (void)cluster.Stop();
}

TEST_CASE("-l unix: a worker that closes the path can bind it again") {
    const TempDir directory;
    const std::string path = directory / "s";
    Binders cluster({"-l", "unix:" + path}, {"unix:" + path, "close:0", "unix:" + path});
    cluster.WaitServing();
    CHECK(cluster.Same(2, "bind") == "0");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("-p: a server that closed descriptor 3 and listens with that number still has the port") {
    const unsigned port = FreePort();
    const std::string program = "import os, socket, time\n"
                                "os.close(3)\n"
                                "def bind():\n"
                                "    s = socket.socket()\n"
                                "    s.bind(('127.0.0.1', " +
                                std::to_string(port) +
                                "))\n"
                                "    s.listen()\n"
                                "    return s\n"
                                "first = bind()\n"
                                "try:\n"
                                "    bind()\n"
                                "    print('fd', first.fileno(), 'second', 0, flush=True)\n"
                                "except OSError as e:\n"
                                "    print('fd', first.fileno(), 'second', e.errno, flush=True)\n"
                                "time.sleep(1000)\n";
    Cluster cluster(
        {.options = {"-n", "1", "-p", Local(port)}, .command = {"python3", "-c", program}});
    CHECK(LineOf(cluster, "fd") == "fd 3 second 98");
    (void)cluster.Stop();
}

TEST_CASE("-p: node listens again after it has closed") {
    constexpr const char *NODE = "/usr/bin/node";
    if (access(NODE, X_OK) != 0)
        HARNESS_SKIP("node is not installed");
    const unsigned port = FreePort();
    const std::string program = "const s = require('net').createServer(c => c.end('node\\n'));"
                                "s.on('error', e => console.log('again', e.code));"
                                "const listen = done => s.listen(" +
                                std::to_string(port) +
                                ", '127.0.0.1', done);"
                                "listen(() => s.close(() => listen(() => console.log('again 0'))))";
    Cluster cluster({.options = {"-n", "2", "-p", Local(port), "--contract", "none"},
                     .command = {NODE, "-e", program}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "again ") == 2; }));
    CHECK(Count(cluster.Out(), "again 0") == 2);
    CHECK(Ask(Local(port), "who") == "node");
    (void)cluster.Stop();
}

TEST_CASE("-p: a server that closes its port when it is told to stop refuses clients at once") {
    const auto program = [](const std::string &open) {
        return "import os, signal, socket, time\n" + open +
               "s.settimeout(0.05)\n"
               "told = []\n"
               "signal.signal(signal.SIGTERM, lambda *_: told.append(1))\n"
               "print('serving', flush=True)\n"
               "while not told:\n"
               "    try: c = s.accept()[0]; c.sendall(b'hello\\n'); c.close()\n"
               "    except TimeoutError: pass\n"
               "s.close()\n"
               "print('closed', flush=True)\n"
               "while not os.path.exists(os.environ['END']): time.sleep(0.02)\n";
    };
    // By itself, and below a shell that has descriptor 3, too.
    for (const char *wrapper : {"exec \"$@\"", "trap '' TERM; \"$@\"; true"}) {
        const TempDir directory;
        const std::string end = directory / "end";
        const unsigned port = FreePort();
        const std::string open =
            "s = socket.create_server(('127.0.0.1', " + std::to_string(port) + "))\n";
        Cluster cluster({.options = {"-n", "2", "-p", Local(port), "--env", "END=" + end,
                                     "--stop-timeout", "30s"},
                         .command = {"sh", "-c", wrapper, "sh", "python3", "-c", program(open)}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving") == 2; }));
        CHECK(Ask(Local(port), "who") == "hello");
        cluster.Signal(SIGTERM);
        if (std::string(wrapper).starts_with("trap"))
            for (const auto &worker : cluster.Workers())
                for (const pid_t child : Children(worker.second))
                    kill(child, SIGTERM);
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "closed") == 2; }));
        CHECK(WaitFor([&] { return IsRefused(Local(port)); }));
        directory.Write("end", "");
        (void)cluster.Wait();
    }
}
